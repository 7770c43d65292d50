import { randomUUID } from 'node:crypto'
import type { SessionFeed } from './ports.ts'

/** A channel that delivers messages in the order in which they were sent, but none during a loss of its connection. */
export interface SessionChannel {
  listen(onMessage: (message: string) => void, onReconnected: () => void): Promise<() => Promise<void>>
  send(message: string): Promise<unknown>
}

/** Marks a message that a follower sends to itself. */
const echo = 'echo:'

/**
 * Follows the changes of sessions, whose keys are the messages of a channel: hashes of their cookies, which cannot be used
 * to sign in. A follower that receives its own echo has received every change before it. Others may be able to send on
 * the channel: a forged key only causes one more read.
 */
export async function followChannel(
  channel: SessionChannel,
  onChanged: (key: string | undefined) => void,
): Promise<SessionFeed> {
  let awaited: { readonly message: string; readonly arrived: () => void } | undefined
  const close = await channel.listen(
    (message) => {
      if (!message.startsWith(echo)) onChanged(message)
      else if (message === awaited?.message) awaited.arrived()
    },
    () => onChanged(undefined),
  )
  return {
    async caughtUp() {
      const message = echo + randomUUID()
      const arrival = new Promise<void>((arrived) => {
        awaited = { message, arrived }
      })
      await channel.send(message)
      await arrival
    },
    close,
  }
}
