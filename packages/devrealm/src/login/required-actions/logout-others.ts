import type { LoginTab } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import { endSession, type Form } from '../../oidc/index.ts'
import type { LoginContext } from '../login-context.ts'

/** Ends the user's other sessions if the form requests it. */
export function logoutOthers(login: LoginContext, tab: LoginTab, user: Readonly<User>, form: Form): void {
  if (form.get('logout-sessions') !== 'on') return
  for (const session of login.realm.sessionsOfUser.all(user.id)) {
    if (session.id !== tab.notes.sessionId) endSession(login, session.id)
  }
}
