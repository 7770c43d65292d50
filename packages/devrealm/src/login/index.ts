/**
 * Browsers on their way in and out. In: authorization requests, forms, cookies. Out: pages, sessions, authorization codes. server/ mounts
 * it; no other room uses it.
 */
export { loginRoutes } from './routes.ts'
