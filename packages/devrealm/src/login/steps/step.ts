import type { FastifyReply } from 'fastify'
import type { LoginTab } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import type { Form } from '../../oidc/index.ts'
import type { LoginContext } from '../login-context.ts'
import type { ActionErrors } from '../required-actions/index.ts'

/** One step of a login: a page, and what its form leads to. */
export interface LoginStep {
  readonly show: (login: LoginContext, page: StepPage) => FastifyReply
  readonly submit: (login: LoginContext, tab: LoginTab, form: Form) => StepOutcome | Promise<StepOutcome>
}

/** What the page of a step is made of. */
export interface StepPage {
  readonly tab: LoginTab
  /** Absent until a password was right. */
  readonly user: Readonly<User> | undefined
  /** Where the form goes. */
  readonly action: string
  /** Where the login begins anew. */
  readonly restart: string
  readonly message: StepMessage
}

/** What a step's page says beside its form. */
export interface StepMessage {
  readonly error?: string
  readonly alert?: string
  readonly username?: string | undefined
  readonly wrong?: ActionErrors
}

/** What a form leads to: a page of the tab's step, the end without a login, or what comes after the step. */
export type StepOutcome =
  | { readonly result: 'show'; readonly message?: StepMessage }
  | { readonly result: 'failed'; readonly reason: string }
  | { readonly result: 'done'; readonly user: Readonly<User> }

export const expiredMessage = 'An error occurred, please login again through your application.'

/** The user of a tab at a step after the password. */
export function userOf({ realm }: LoginContext, { userId }: LoginTab): Readonly<User> | undefined {
  return userId === undefined ? undefined : realm.users.get(userId)
}
