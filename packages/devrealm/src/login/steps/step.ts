import type { FastifyReply } from 'fastify'
import type { LoginTab } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import type { Form } from '../../oidc/index.ts'
import type { LoginContext } from '../login-context.ts'
import type { ActionErrors } from '../required-actions/index.ts'

/** One login step: a page, and the result of its form. */
export interface LoginStep {
  readonly show: (login: LoginContext, page: StepPage) => FastifyReply
  readonly submit: (login: LoginContext, tab: LoginTab, form: Form) => StepOutcome | Promise<StepOutcome>
}

/** The input for the page of a step. */
export interface StepPage {
  readonly tab: LoginTab
  /** Absent before the right password. */
  readonly user: Readonly<User> | undefined
  /** The URL of the form. */
  readonly action: string
  /** The URL that restarts the login. */
  readonly restart: string
  readonly message: StepMessage
}

/** Messages on the page of a step. */
export interface StepMessage {
  readonly error?: string
  readonly alert?: string
  readonly username?: string | undefined
  readonly wrong?: ActionErrors
}

/** The result of a form: show the step's page again, fail, or continue. */
export type StepOutcome =
  | { readonly result: 'show'; readonly message?: StepMessage }
  | { readonly result: 'failed'; readonly reason: string }
  | { readonly result: 'done'; readonly user: Readonly<User> }

export const expiredMessage = 'An error occurred, please login again through your application.'

/** The user of a tab in a step after the password. */
export function userOf({ realm }: LoginContext, { userId }: LoginTab): Readonly<User> | undefined {
  return userId === undefined ? undefined : realm.users.get(userId)
}
