import type { PageMessages } from '../types.ts'

export const en: PageMessages = {
  signOut: { title: 'Sign out?', text: 'You will need to sign in again to continue.' },
  signedOut: {
    title: 'You are signed out of this service',
    text: 'The sign-in server cannot be reached at the moment. You may still be signed in to other services.',
  },
  signedOutAgain: {
    title: 'You were signed out again',
    text: 'You signed in, but your session ended right away. Please sign in again. If it keeps happening, ask the administrator of this service for help.',
  },
  signInFailed: {
    title: 'Signing in did not work',
    text: 'The sign-in server sent an invalid response. Please try again. If it keeps happening, ask the administrator of this service for help.',
  },
  signInRefused: {
    title: 'You are not signed in',
    text: 'The sign-in was cancelled or refused. You can try again.',
  },
  signInExpired: {
    title: 'This sign-in is no longer valid',
    text: 'It took too long, was already used, or was started in another browser. Please sign in again.',
  },
  signInNeeded: { title: 'Please sign in', text: 'You need to sign in to open this page.' },
  stepUpNeeded: {
    title: 'Please sign in again',
    text: 'You are signed in, but this page needs a stronger or more recent sign-in. If it keeps happening, ask the administrator of this service for help.',
  },
  sendForm: {
    title: 'Send your form now?',
    text: 'You had to sign in first, so your form has not been sent yet.',
  },
  formGone: {
    title: 'This form can no longer be sent',
    text: 'It was already sent, or it waited too long. Check whether it arrived before you fill it in again.',
  },
  formOfOther: {
    title: 'This form was not sent',
    text: 'Another user filled it in, so it is not sent with your account.',
  },
  blocked: {
    title: 'Request blocked',
    text: 'The request did not come from a page of this service, so nothing was changed. Please start again from the start page.',
  },
  forbidden: {
    title: 'No access',
    text: 'Your account is not allowed to open this page. Ask the administrator of this service for access, or sign in with another account.',
  },
  notFound: {
    title: 'Page not found',
    text: 'There is no page at this address. Check the address, or go to the start page.',
  },
  tooManyRequests: {
    title: 'Too many requests',
    text: 'This service received too many requests from you or your network.',
  },
  badRequest: {
    title: 'This did not work',
    text: 'The service could not understand the request. Go back and try again.',
  },
  unavailable: { title: 'Not available right now', text: 'This service cannot respond at the moment.' },
  failed: {
    title: 'Something went wrong',
    text: 'The error is on our side. Please try again. If it keeps happening, ask the administrator of this service for help.',
  },
  labels: {
    signIn: 'Sign in',
    signOut: 'Sign out',
    tryAgain: 'Try again',
    sendForm: 'Send the form',
    start: 'Go to the start page',
    waitUntil: 'Please try again {when}.',
    wait: 'Please try again in a few minutes.',
    help: 'If you ask for help, include these details:',
    requestId: 'Request ID',
    code: 'Error code',
  },
}
