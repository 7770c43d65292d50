import { bigint, index, pgSchema, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** The application's own tables; the libraries keep theirs in schemas of their own. */
export const app = pgSchema('app')

/** Who has used this service: a mirror of the realm's user, made at first sight, so that data can name its owner. */
export const users = app.table('users', {
  sub: text('sub').primaryKey(),
  username: text('username'),
  email: text('email'),
  firstSeenAt: timestamp('first_seen_at', { withTimezone: true }).notNull().defaultNow(),
  updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
})

export const notes = app.table(
  'notes',
  {
    id: uuid('id').primaryKey().defaultRandom(),
    /** The order of creation, by which lists are paged: timestamps of one moment would not tell two notes apart. */
    position: bigint('position', { mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    owner: text('owner')
      .notNull()
      .references(() => users.sub),
    title: text('title').notNull(),
    body: text('body').notNull(),
    createdAt: timestamp('created_at', { withTimezone: true }).notNull().defaultNow(),
    updatedAt: timestamp('updated_at', { withTimezone: true }).notNull().defaultNow(),
  },
  (table) => [
    index('notes_owner_position').on(table.owner, table.position.desc()),
    index('notes_position').on(table.position.desc()),
  ],
)
