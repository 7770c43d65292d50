/**
 * The HTTP server. In: the context of every route. Out: a server that stores the changes of a request before it responds.
 * dev-realm.ts starts it.
 */
export { closeSecondServers, type ListenOptions, listen } from './listen.ts'
export { buildServer, type Logger } from './server.ts'
