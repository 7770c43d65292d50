export { fakeAccessToken } from './token/index.ts'
