// Keeps the playground's files, so that it opens without a network after it has been opened once. `VERSION` and `FILES`
// stand above: what is kept belongs to one version, and an older one is dropped.
const NAME = `autograd_lite playground ${VERSION}`;

addEventListener("install", (event) => {
  skipWaiting();
  event.waitUntil(caches.open(NAME).then((cache) => cache.addAll(["./", ...FILES])));
});
addEventListener("activate", (event) => {
  const old = (name) => name.startsWith("autograd_lite playground ") && name !== NAME;
  event.waitUntil(caches.keys().then((names) => Promise.all(names.filter(old).map((name) => caches.delete(name)))).then(() => clients.claim()));
});
addEventListener("fetch", (event) => {
  if (event.request.method === "GET") event.respondWith(caches.open(NAME).then((cache) => cache.match(event.request, { ignoreSearch: true })).then((kept) => kept ?? fetch(event.request)));
});
