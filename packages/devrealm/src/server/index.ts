/**
 * The HTTP server. In: what every route works with. Out: a server that stores what a request changed before it answers. dev-realm.ts
 * starts it.
 */
export { closeSecondServers, type ListenOptions, listen } from './listen.ts'
export { buildServer, type Logger } from './server.ts'
