import type { LoginTab } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import type { Form } from '../../oidc/index.ts'
import type { Html } from '../../pages/index.ts'
import type { LoginContext } from '../login-context.ts'

/** A required action in the browser: its page, and what its form changes. */
export interface RequiredActionStep {
  readonly title: string
  readonly page: (login: LoginContext, page: ActionPage) => Html
  /** Returns the errors of the form, or nothing if the action is done. */
  readonly submit: (
    login: LoginContext,
    tab: LoginTab,
    user: Readonly<User>,
    form: Form,
  ) => ActionErrors | undefined | Promise<ActionErrors | undefined>
}

/** The input for the page of a required action. */
export interface ActionPage {
  readonly tab: LoginTab
  readonly user: Readonly<User>
  /** The URL of the form. */
  readonly action: string
  /** Absent before the form was sent. */
  readonly wrong: ActionErrors | undefined
}

/** The errors of a form by field, and its values. */
export interface ActionErrors {
  readonly errors: Readonly<Record<string, string>>
  readonly values?: Readonly<Record<string, string>>
}
