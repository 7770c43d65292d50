/** What a page says. */
export type PageKind =
  /** Asks for confirmation before a sign-out. */
  | 'signOut'
  /** Signed out here, but not at the realm: it cannot be reached. */
  | 'signedOut'
  /** The session ended right after the sign-in: another redirect to the login would be a loop. */
  | 'signedOutAgain'
  /** The realm's response to a sign-in is invalid. */
  | 'signInFailed'
  /** The user cancelled the sign-in, or the realm refused it. */
  | 'signInRefused'
  /** The sign-in took too long, was used before, or was started in another browser. */
  | 'signInExpired'
  /** 401. */
  | 'signInNeeded'
  /** Signed in, but the page needs a stronger or more recent sign-in. */
  | 'stepUpNeeded'
  /** Asks whether to send a form that was sent before its user had signed in. */
  | 'sendForm'
  /** Such a form was sent already, or is too old. */
  | 'formGone'
  /** Such a form is another user's. */
  | 'formOfOther'
  /** The request has no proof that a page of this service sent it. */
  | 'blocked'
  /** 403. */
  | 'forbidden'
  /** 404 and 410. */
  | 'notFound'
  /** 429. */
  | 'tooManyRequests'
  /** All other statuses from 400 to 499. */
  | 'badRequest'
  /** 502, 503 and 504. */
  | 'unavailable'
  /** All other statuses from 500. */
  | 'failed'

/** A page in the language of the reader; the strings are plain text, not HTML. */
export interface Page {
  readonly kind: PageKind
  readonly status: number
  /** The language of title, text and labels, as in the option `languages`. */
  readonly language: string
  /** The name of the service, if the option `name` is set. */
  readonly name: string | undefined
  readonly title: string
  readonly text: string
  /** What the reader can do, the most important first. */
  readonly actions: readonly PageAction[]
  /** Says that a request for help should include the details. */
  readonly help: string
  /** The id of the request and the error's code, as in the log. */
  readonly details: readonly PageDetail[]
  /** In English, for developers: the reason of a refusal and the fix, if the guard explains refusals. */
  readonly explanation: readonly string[]
}

/** A link of a page; with `post` a form with one button, and a hidden input for each of the fields. */
export interface PageAction {
  readonly label: string
  /** A path of this service, or empty for the page itself. */
  readonly url: string
  readonly method: 'get' | 'post'
  /** The hidden inputs of a form. */
  readonly fields?: readonly (readonly [name: string, value: string])[]
  /** The content type of the form, if it is not the default. */
  readonly enctype?: 'multipart/form-data'
}

/** A line of a page's details. */
export interface PageDetail {
  readonly label: string
  readonly value: string
}

/** The texts of the pages in one language; {@link PagesOptions.messages} replaces them. */
export type PageMessages = Readonly<Record<PageKind, PageText>> & { readonly labels: PageLabels }

/** The texts of one kind of page. */
export interface PageText {
  readonly title: string
  /** What happened, and what to do. */
  readonly text: string
}

/** The texts that several kinds of pages share. */
export interface PageLabels {
  readonly signIn: string
  readonly signOut: string
  readonly tryAgain: string
  readonly sendForm: string
  /** The link to `/`. */
  readonly start: string
  /** Added to a text if the service knows when it may work again; `{when}` becomes “in 5 seconds”. */
  readonly waitUntil: string
  /** Added instead of {@link waitUntil} if the service does not know it. */
  readonly wait: string
  /** Above request id and error code. */
  readonly help: string
  readonly requestId: string
  readonly code: string
}
