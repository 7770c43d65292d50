import type { PageMessages } from '../types.ts'
import { de } from './de.ts'
import { en } from './en.ts'
import { es } from './es.ts'
import { fr } from './fr.ts'
import { it } from './it.ts'
import { ja } from './ja.ts'
import { nl } from './nl.ts'
import { pt } from './pt.ts'

/** The texts by language; English is the default. */
export const builtIn: ReadonlyMap<string, PageMessages> = new Map(
  Object.entries({ en, de, fr, es, it, pt, nl, ja }),
)
