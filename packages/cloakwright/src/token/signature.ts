import type { KeyObject } from 'node:crypto'
// Not the global ones, which fake timers replace: a turn would never end.
import { nextTick } from 'node:process'
import { setImmediate, setTimeout } from 'node:timers'
import { type Algorithm, isSigned, isSignedInPool } from '../jws/index.ts'

/**
 * Signatures of all verifiers that may wait for the thread pool. The pool also serves files, DNS and compression: with four
 * threads on cores of their own and RSA keys of 2048 bits, these wait less than a millisecond longer.
 */
const maxWaiting = 64
let waiting = 0

/**
 * Verifies the signature of a new token. The first one in a turn of the event loop is verified at once: for a single request
 * this is fastest. More of them in the same turn mean that requests queue. These are verified in the thread pool, on other
 * cores, so requests with known tokens do not wait for them.
 *
 * @param signed ASCII
 */
export function verifySignature(
  algorithm: Algorithm,
  key: KeyObject,
  signed: string,
  signature: Uint8Array,
): boolean | Promise<boolean> {
  return waiting >= maxWaiting || takeTurn()
    ? isSigned(algorithm, key, signed, signature)
    : verifyInPool(algorithm, key, signed, signature)
}

function verifyInPool(
  algorithm: Algorithm,
  key: KeyObject,
  signed: string,
  signature: Uint8Array,
): Promise<boolean> {
  return new Promise((resolve) => {
    const verifyHere = (): void => resolve(isSigned(algorithm, key, signed, signature))
    limitWait(verifyHere)
    waiting++
    void isSignedInPool(algorithm, key, signed, signature).then((genuine) => {
      waiting--
      recent.delete(verifyHere)
      old.delete(verifyHere)
      resolve(genuine)
    })
  })
}

/**
 * Milliseconds: the pool may be busy for seconds, with password hashes or a drive that hangs. A signature that waited for
 * one to two of these periods is verified here.
 */
const period = 50
let recent = new Set<() => void>()
let old = new Set<() => void>()
let isTimed = false

function limitWait(verifyHere: () => void): void {
  recent.add(verifyHere)
  if (isTimed) return
  isTimed = true
  setTimeout(endPeriod, period).unref()
}

function endPeriod(): void {
  for (const verifyHere of old) verifyHere()
  old = recent
  recent = new Set()
  isTimed = old.size > 0
  if (isTimed) setTimeout(endPeriod, period).unref()
}

// A turn is taken from the first signature until the event loop has polled for new requests. In between it is free only
// for the microtasks after a signature: a program that awaits one token after the other gains nothing from the pool.

let isTaken = false
let turnEnds = false
let tickComes = false

function takeTurn(): boolean {
  if (isTaken) return false
  isTaken = true
  queueMicrotask(leaveToMicrotasks)
  if (!turnEnds) {
    turnEnds = true
    setImmediate(endTurn)
  }
  return true
}

function leaveToMicrotasks(): void {
  isTaken = false
  if (tickComes) return
  tickComes = true
  // From a microtask: it runs after the last of them.
  nextTick(takeAgain)
}

function takeAgain(): void {
  tickComes = false
  isTaken = turnEnds
}

function endTurn(): void {
  turnEnds = false
  isTaken = false
}
