import { requireUser, userOf } from 'cloakwright/fastify'
import type { FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import type { Notes, Reach, Users } from '../database/index.ts'
import { type App, ClientError } from '../http/index.ts'
import { problem, secured } from './schemas.ts'

// PostgreSQL's text type stores every character except NUL.
const title = Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\u0000]*$' })
const body = Type.String({ maxLength: 20_000, pattern: '^[^\\u0000]*$' })

const NewNote = Type.Object({ title, body: Type.Optional(body) }, { additionalProperties: false })
const NotePatch = Type.Object(
  { title: Type.Optional(title), body: Type.Optional(body) },
  { additionalProperties: false, minProperties: 1 },
)
const Note = Type.Object({
  id: Type.String({ format: 'uuid' }),
  title: Type.String(),
  body: Type.String(),
  owner: Type.String({ description: "The owner's sub" }),
  createdAt: Type.String({ format: 'date-time' }),
  updatedAt: Type.String({ format: 'date-time' }),
})
const Page = Type.Object({
  items: Type.Array(Note),
  next: Type.Union([Type.String(), Type.Null()], {
    description: 'The cursor of the next page; null on the last one',
  }),
})
const Id = Type.Object({ id: Type.String() })
const Paging = Type.Object(
  {
    limit: Type.Optional(Type.Number({ minimum: 1, maximum: 100, multipleOf: 1, default: 20 })),
    cursor: Type.Optional(
      Type.String({ maxLength: 100, description: 'The value next of the previous page' }),
    ),
  },
  { additionalProperties: false },
)

const tags = ['notes']
const unauthorized = problem('Not authenticated: no valid token and no session')
const invalid = problem('The request does not match the schema')
const unknown = problem('The note does not exist, or belongs to another user')

/** Notes: data of the application, each owned by the user who wrote it. The role admin can access everyone's. */
export function noteRoutes(app: App, notes: Notes, users: Users): void {
  listNotes(app, notes)
  createNote(app, notes, users)
  readNote(app, notes)
  updateNote(app, notes)
  deleteNote(app, notes)
}

function listNotes(app: App, notes: Notes): void {
  app.get(
    '/notes',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'List notes, the newest first',
        tags,
        security: secured,
        querystring: Paging,
        response: { 200: Page, 400: invalid, 401: unauthorized },
      },
    },
    async (request) => {
      const { limit = 20, cursor } = request.query
      const { items, next } = await notes.list(
        reachOf(request),
        limit,
        cursor === undefined ? undefined : fromCursor(cursor),
      )
      return { items, next: next === undefined ? null : toCursor(next) }
    },
  )
}

function createNote(app: App, notes: Notes, users: Users): void {
  app.post(
    '/notes',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'Write a note',
        tags,
        security: secured,
        body: NewNote,
        response: { 201: Note, 400: invalid, 401: unauthorized },
      },
    },
    async (request, reply) => {
      const user = userOf(request)
      const text = request.body
      await users.ensure(user)
      const note = await notes.create(user.subject, { title: text.title, body: text.body ?? '' })
      return reply.code(201).header('location', `/notes/${note.id}`).send(note)
    },
  )
}

function readNote(app: App, notes: Notes): void {
  app.get(
    '/notes/:id',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'Read a note',
        tags,
        security: secured,
        params: Id,
        response: { 200: Note, 401: unauthorized, 404: unknown },
      },
    },
    async (request) => found(await notes.get(reachOf(request), request.params.id)),
  )
}

function updateNote(app: App, notes: Notes): void {
  app.patch(
    '/notes/:id',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'Change a note',
        tags,
        security: secured,
        params: Id,
        body: NotePatch,
        response: { 200: Note, 400: invalid, 401: unauthorized, 404: unknown },
      },
    },
    async (request) => found(await notes.update(reachOf(request), request.params.id, request.body)),
  )
}

function deleteNote(app: App, notes: Notes): void {
  app.delete(
    '/notes/:id',
    {
      onRequest: requireUser(),
      schema: {
        summary: 'Delete a note',
        tags,
        security: secured,
        params: Id,
        response: { 204: Type.Null(), 401: unauthorized, 404: unknown },
      },
    },
    async (request, reply) => {
      found((await notes.remove(reachOf(request), request.params.id)) || undefined)
      return reply.code(204).send(null)
    },
  )
}

function reachOf(request: FastifyRequest): Reach {
  const user = userOf(request)
  return user.realmRoles.includes('admin') ? 'everyone' : { owner: user.subject }
}

/** The response for another user's note is the same as for a missing one, so it does not show that the note exists. */
function found<T>(note: T | undefined): T {
  if (note === undefined) throw new ClientError(404, 'NOT_FOUND', 'There is no note with this id')
  return note
}

function toCursor(position: number): string {
  return Buffer.from(`n${position}`).toString('base64url')
}

function fromCursor(cursor: string): number {
  const [, position] = /^n(\d{1,15})$/.exec(Buffer.from(cursor, 'base64url').toString()) ?? []
  if (position === undefined)
    throw new ClientError(400, 'INVALID_REQUEST', 'querystring/cursor is not a cursor of this list')
  return Number(position)
}
