import asyncio
from pathlib import Path

from mitmproxy.addons.view import View
from mitmproxy.flow import Flow
from mitmproxy.http import HTTPFlow
from mitmproxy.test import tflow

from addon.jobs.database.async_store import AsyncStore
from addon.jobs.database.store import Store
from addon.web.flows import labels
from addon.web.flows.job_follower import JobFollower, StoredJobs
from addon.web.flows.timeline_flow import TimelineFlow
from tests.addon.jobs.database.test_job_progress import a_stored_job, an_event_in
from tests.addon.web.jobs import JOB, NOW, FakeJobs, a_job, a_view, an_event


def a_create(view: View) -> HTTPFlow:
    flow: HTTPFlow = tflow.tflow(resp=True)
    flow.comment = f"→ openai, job {JOB}"
    labels.mark(flow, labels.ACCEPTED)
    view.add([flow])
    return flow


async def never() -> None:
    await asyncio.Event().wait()


def timelines(view: View) -> list[HTTPFlow]:
    return [flow for flow in view.resolve("@all") if isinstance(flow, HTTPFlow) and flow.websocket]


async def test_comment_and_mark_follow_the_job_and_change_only_with_it() -> None:
    jobs, updated = FakeJobs(), list[str]()

    def note(flow: Flow) -> None:
        updated.append(flow.id)

    with a_view() as view:
        view.sig_view_update.connect(note)
        follower = JobFollower(jobs, view=lambda: view, pause=never)
        flow = a_create(view)
        jobs.put(a_job())
        follower.follow(JOB, flow)
        await follower.read()
        assert flow.comment == f"→ openai, job {JOB}: InProgress 40/100, 2 failed"
        assert flow.marked == labels.ACCEPTED
        updated.clear()
        jobs.reads.clear()
        await follower.read()
        assert (updated, jobs.reads) == ([], ["changes"])  # one read tells that nothing changed
        jobs.put(a_job(status="Completed", succeeded=98, ended=NOW))
        await follower.read()
        assert flow.comment.endswith("Completed 100/100, 2 failed")
        assert flow.marked == labels.OUTCOMES["PartiallyCompleted"]
        assert flow.id in updated
        for _ in range(3):
            await follower.read()
        assert follower.followed == ()
        await follower.close()


async def test_a_mark_of_a_person_stays_and_so_does_its_absence() -> None:
    with a_view() as view:
        jobs = FakeJobs()
        marked, unmarked = a_create(view), a_create(view)
        marked.marked, unmarked.marked = ":heart:", ""
        unmarked.comment = "look at this one"
        follower = JobFollower(jobs, view=lambda: view, pause=never)
        jobs.put(a_job(status="Failed", ended=NOW))
        follower.follow(JOB, marked)
        follower.follow(JOB, unmarked)
        await follower.read()
        assert (marked.marked, unmarked.marked) == (":heart:", "")
        assert "Failed" in marked.comment
        assert unmarked.comment == "look at this one"
        await follower.close()


async def test_one_timeline_a_job_gets_the_new_events() -> None:
    jobs = FakeJobs()
    with a_view() as view:
        follower = JobFollower(jobs, view=lambda: view, pause=never)
        jobs.happened[JOB] = [an_event(1, "status", "Validating")]
        jobs.put(a_job())
        follower.follow(JOB)
        await follower.read()
        jobs.happened[JOB].append(an_event(2, batch="batch_1"))
        await follower.read()
        jobs.happened[JOB][1].count = 3
        jobs.put(a_job(succeeded=40))
        await follower.read()
        (flow,) = timelines(view)
        assert flow.websocket is not None
        said = [(message.from_client, message.text) for message in flow.websocket.messages]
        assert said == [
            (True, "status: Validating"),
            (False, "look, batch_1: in_progress (3 times, since 12:00:02 UTC)"),
        ]
        assert await follower.timeline(JOB) is flow
        assert await follower.timeline("nosuchjob000") is None
        await follower.close()


async def test_flows_that_were_removed_are_forgotten_and_the_timeline_is_not_added_again() -> None:
    jobs = FakeJobs()
    with a_view() as view:
        follower = JobFollower(jobs, view=lambda: view, pause=never)
        flow = a_create(view)
        jobs.put(a_job())
        follower.follow(JOB, flow)
        await follower.read()
        view.clear()
        before = flow.comment
        jobs.put(a_job(succeeded=50))
        await follower.read()
        assert flow.comment == before
        assert len(view.resolve("@all")) == 0
        await follower.close()


async def test_nothing_is_read_without_a_list_of_flows_or_without_jobs() -> None:
    jobs = FakeJobs()
    follower = JobFollower(jobs, view=lambda: None, pause=never)
    follower.follow(JOB)
    await asyncio.sleep(0)
    assert (jobs.reads, follower.followed) == ([], ())


async def test_it_reads_until_no_job_is_left() -> None:
    jobs, pauses = FakeJobs(), list[int]()
    jobs.put(a_job())
    done = asyncio.Event()

    async def pause() -> None:
        pauses.append(1)
        if len(pauses) == 2:
            jobs.put(a_job(status="Completed", ended=NOW))
        if len(pauses) > 3:
            done.set()

    with a_view() as view:
        follower = JobFollower(jobs, view=lambda: view, pause=pause)
        follower.follow(JOB)
        await asyncio.wait_for(done.wait(), 60)
        await follower.close()


async def test_jobs_in_the_database_are_followed(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path / 'jobs.db'}")
    job = a_stored_job(store)
    an_event_in(store, job.id, "create", "accepted")
    with a_view() as view:
        follower = JobFollower(StoredJobs(AsyncStore(store)), view=lambda: view, pause=never)
        flow = a_create(view)
        follower.follow(job.id, flow)
        await follower.read()
        store.change(job.id, NOW, total=3, succeeded=2)
        store.end(job.id, "Failed", NOW, "all refused")
        await follower.read()
        assert flow.comment == f"→ openai, job {job.id}: Failed 2/3: all refused"
        assert flow.marked == labels.OUTCOMES["Failed"]
        (timeline,) = timelines(view)
        assert timeline.websocket is not None
        assert [message.text for message in timeline.websocket.messages] == [
            "status: Submitted: to openai, gpt-5.4-mini",
            "create: accepted",
            "status: Failed: all refused",
        ]
        await follower.close()
    store.close()


def test_a_timeline_can_be_saved_and_read_again() -> None:
    timeline = TimelineFlow(a_job(status="Completed", ended=NOW))
    timeline.add([an_event(number, "status", f"step {number}") for number in range(1, 60)])
    again = HTTPFlow.from_state(timeline.flow.get_state())
    assert isinstance(again, HTTPFlow)
    assert again.websocket is not None
    assert again.websocket.messages[58].text == "status: step 59"
    assert again.metadata[labels.JOB] == JOB
    assert not again.live
