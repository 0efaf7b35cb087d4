// Shows what the server sent, and opens the page that has the details. Keeps no page: an old board is never shown.

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("push", (event) => {
  const { title, lines, path, tag } = event.data.json();
  // The tag is the message's: one that comes twice is shown once.
  event.waitUntil(self.registration.showNotification(title, {
    body: lines.join("\n"), tag, icon: "/static/mark.svg", data: { path },
  }));
});

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const address = new URL(event.notification.data.path, self.location.origin).href;
  event.waitUntil((async () => {
    const open = await self.clients.matchAll({ type: "window" });
    const same = open.find((each) => each.url === address);
    return same ? same.focus() : self.clients.openWindow(address);
  })());
});
