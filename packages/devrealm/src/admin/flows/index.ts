export { authenticationRoutes } from './authentication.ts'
