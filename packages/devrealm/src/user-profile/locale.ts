import type { User } from '../model/index.ts'
import type { RealmStore } from '../store/index.ts'

/** The language for parsing a user's dates: the user's own if the realm supports it, or the realm's. */
export function localeOf(realm: RealmStore, user: Readonly<User> | undefined): string {
  const { internationalizationEnabled, supportedLocales = [], defaultLocale } = realm.info
  if (internationalizationEnabled !== true) return 'en'
  const own = user?.attributes?.['locale']?.[0]
  const isSpoken = own !== undefined && (supportedLocales as string[]).includes(own)
  return isSpoken ? own : typeof defaultLocale === 'string' && defaultLocale !== '' ? defaultLocale : 'en'
}
