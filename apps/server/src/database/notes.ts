import { and, desc, eq, lt } from 'drizzle-orm'
import type { AppDatabase } from './database.ts'
import { query } from './failures.ts'
import { notes } from './schema.ts'

/** A note as clients see it; `owner` is the owner's `sub`. */
export interface Note {
  readonly id: string
  readonly title: string
  readonly body: string
  readonly owner: string
  readonly createdAt: string
  readonly updatedAt: string
}

/** The part of a note that a client writes. */
export interface NoteText {
  readonly title: string
  readonly body: string
}

/** The notes that a caller may access: one owner's, or everyone's. */
export type Reach = { readonly owner: string } | 'everyone'

/** Notes in PostgreSQL. A note that the caller may not access is handled as missing. */
export class Notes {
  readonly #orm: AppDatabase

  constructor(orm: AppDatabase) {
    this.#orm = orm
  }

  /** The newest first. `before` is the position of the last note on the previous page. */
  async list(
    reach: Reach,
    limit: number,
    before?: number,
  ): Promise<{ items: Note[]; next: number | undefined }> {
    const rows = await query(() =>
      this.#orm
        .select()
        .from(notes)
        .where(and(within(reach), before === undefined ? undefined : lt(notes.position, before)))
        .orderBy(desc(notes.position))
        // One more than requested shows whether there is another page.
        .limit(limit + 1),
    )
    const page = rows.slice(0, limit)
    return { items: page.map(toNote), next: rows.length > limit ? page.at(-1)?.position : undefined }
  }

  async get(reach: Reach, id: string): Promise<Note | undefined> {
    if (!isUuid(id)) return undefined
    const [row] = await query(() =>
      this.#orm
        .select()
        .from(notes)
        .where(and(eq(notes.id, id), within(reach))),
    )
    return row && toNote(row)
  }

  async create(owner: string, text: NoteText): Promise<Note> {
    const [row] = await query(() =>
      this.#orm
        .insert(notes)
        .values({ owner, ...text })
        .returning(),
    )
    return toNote(row!)
  }

  async update(reach: Reach, id: string, text: Partial<NoteText>): Promise<Note | undefined> {
    if (!isUuid(id)) return undefined
    const [row] = await query(() =>
      this.#orm
        .update(notes)
        .set({ ...text, updatedAt: new Date() })
        .where(and(eq(notes.id, id), within(reach)))
        .returning(),
    )
    return row && toNote(row)
  }

  /** Returns whether the note existed. */
  async remove(reach: Reach, id: string): Promise<boolean> {
    if (!isUuid(id)) return false
    const rows = await query(() =>
      this.#orm
        .delete(notes)
        .where(and(eq(notes.id, id), within(reach)))
        .returning({ id: notes.id }),
    )
    return rows.length > 0
  }
}

function within(reach: Reach) {
  return reach === 'everyone' ? undefined : eq(notes.owner, reach.owner)
}

function toNote({ id, title, body, owner, createdAt, updatedAt }: typeof notes.$inferSelect): Note {
  return { id, title, body, owner, createdAt: createdAt.toISOString(), updatedAt: updatedAt.toISOString() }
}

function isUuid(id: string): boolean {
  return /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(id)
}
