import { bigint, index, pgSchema, text, timestamp, uuid } from 'drizzle-orm/pg-core'

/** The application's own tables; the libraries use separate schemas. */
export const app = pgSchema('app')

/** Users of this service: a copy of the realm's user, created at the first request, so that data can refer to its owner. */
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
    /** The order of creation, used for paging: two notes may have the same timestamp. */
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
