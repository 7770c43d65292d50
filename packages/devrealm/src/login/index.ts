/**
 * Login and logout in the browser. In: authorization requests, forms, cookies. Out: pages, sessions, authorization codes.
 * server/ mounts it; no other folder uses it.
 */
export { loginRoutes } from './routes.ts'
