import type { LoginTab } from '../../context/index.ts'
import type { User } from '../../model/index.ts'
import type { Form } from '../../oidc/index.ts'
import type { RealmStore } from '../../store/index.ts'

/** Ends the user's other sessions if the form requests it. */
export function logoutOthers(realm: RealmStore, tab: LoginTab, user: Readonly<User>, form: Form): void {
  if (form.get('logout-sessions') !== 'on') return
  for (const session of realm.sessionsOfUser.all(user.id)) {
    if (session.id !== tab.notes.sessionId) realm.sessions.delete(session.id)
  }
}
