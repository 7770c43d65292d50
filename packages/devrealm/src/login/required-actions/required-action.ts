import type { LoginTab } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import type { Form } from '../../oidc/index.ts'
import type { Html } from '../../pages/index.ts'
import type { LoginContext } from '../login-context.ts'

/** A required action as the browser does it: its page, and what its form changes. */
export interface RequiredActionStep {
  readonly title: string
  readonly page: (login: LoginContext, page: ActionPage) => Html
  /** Returns what is wrong with the form, or nothing when the action is done. */
  readonly submit: (
    login: LoginContext,
    tab: LoginTab,
    user: Readonly<User>,
    form: Form,
  ) => ActionErrors | undefined | Promise<ActionErrors | undefined>
}

/** What the page of a required action is made of. */
export interface ActionPage {
  readonly tab: LoginTab
  readonly user: Readonly<User>
  /** Where the form goes. */
  readonly action: string
  /** Absent while nothing was filled in. */
  readonly wrong: ActionErrors | undefined
}

/** What is wrong with a form, by the names of its fields, and what was filled in. */
export interface ActionErrors {
  readonly errors: Readonly<Record<string, string>>
  readonly values?: Readonly<Record<string, string>>
}
