export { closeSecondServers, type ListenOptions, listen } from './listen.ts'
export { buildServer, type Logger } from './server.ts'
