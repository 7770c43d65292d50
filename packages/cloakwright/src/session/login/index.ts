// The login of a browser: from a guard or /auth/login to the callback, with step-ups, and forms that wait for it.
export { answerCallback } from './callback.ts'
export { answerForm, answerSentForm } from './form-route.ts'
export { answerLogin, challenge } from './login.ts'
