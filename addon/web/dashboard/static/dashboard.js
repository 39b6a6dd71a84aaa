// Pages work without this. It keeps them live, follows #record-<n>, and gives keys and local times.
"use strict";

(function () {
    // The token was needed once: it is not to stay in the address bar, the history or a screenshot.
    const address = new URL(location.href);
    if (address.searchParams.has("token")) {
        address.searchParams.delete("token");
        history.replaceState(null, "", address);
    }

    function followFragment() {
        const found = /^#record-(\d{1,15})$/.exec(location.hash);
        const head = document.querySelector("[data-record-path]");
        if (found && head) location.replace(head.dataset.recordPath + found[1]);
    }
    followFragment();
    addEventListener("hashchange", followFragment);

    function localTimes(root) {
        for (const time of root.querySelectorAll("time[datetime]")) {
            const local = new Date(time.dateTime).toLocaleString();
            time.title = time.title ? `${local} (${time.title})` : local;
        }
    }
    localTimes(document);

    addEventListener("keydown", (event) => {
        if (event.key !== "/" || event.ctrlKey || event.metaKey || event.altKey) return;
        if (event.target.matches("input, select, textarea")) return;
        const search = document.getElementById("search");
        if (search) {
            event.preventDefault();
            search.focus();
            search.select();
        }
    });

    for (const select of document.querySelectorAll("form.filters select")) {
        select.addEventListener("change", () => select.form.requestSubmit());
    }

    const changes = document.body.dataset.changes;
    if (!changes) return;
    const sign = document.getElementById("live");
    const PAUSE = 1000;  // milliseconds between two refreshes
    let stream = null, over = false, due = false, busy = false, last = 0;

    function inUse(part) {
        const focused = document.activeElement;
        const selection = getSelection();
        return (part.contains(focused) && focused.closest("details[open], form"))
            || (!selection.isCollapsed && part.contains(selection.anchorNode));
    }

    function swap(part, fresh) {
        if (part.innerHTML === fresh.innerHTML || inUse(part)) return;
        const open = new Set([...part.querySelectorAll("details[open] > summary")].map((s) => s.textContent));
        const link = part.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
        part.replaceChildren(...fresh.childNodes);
        for (const summary of part.querySelectorAll("details > summary")) {
            if (open.has(summary.textContent)) summary.parentElement.open = true;
        }
        if (link) [...part.querySelectorAll("a[href]")].find((a) => a.getAttribute("href") === link)?.focus();
        localTimes(part);
    }

    async function refresh() {
        due = true;
        if (busy || document.hidden) return;
        busy = true;
        while (due && !document.hidden) {
            await new Promise((done) => setTimeout(done, Math.max(0, last + PAUSE - Date.now())));
            due = false;
            last = Date.now();
            try {
                const answer = await fetch(location.pathname + location.search, {cache: "no-store"});
                if (!answer.ok) break;
                const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
                for (const part of document.querySelectorAll("[data-live]")) {
                    const other = fresh.getElementById(part.id);
                    if (other) swap(part, other);
                }
                if (!fresh.body.dataset.changes) {
                    over = true;
                    disconnect();
                }
            } catch {
                break;  // the proxy is gone: the stream comes back when it does
            }
        }
        busy = false;
    }

    function connect() {
        if (stream || over) return;
        stream = new EventSource(changes);
        stream.onmessage = refresh;
        stream.onopen = () => { sign.hidden = false; };
        stream.onerror = () => { sign.hidden = true; };
    }

    function disconnect() {
        if (stream) stream.close();
        stream = null;
        sign.hidden = true;
    }

    // A browser has few connections for each host: a page that is not looked at gives its own back.
    document.addEventListener("visibilitychange", () => document.hidden ? disconnect() : connect());
    addEventListener("pagehide", disconnect);
    addEventListener("pageshow", () => { if (!document.hidden) connect(); });
    if (!document.hidden) connect();
})();
