import { hash } from 'node:crypto'
import type { PromptRelease } from '../../actors/kinds/prompt/prompt-context.ts'

/** A prompt and the actor that is to get a version of it. */
export interface PromptUse {
  readonly tenant: string
  /** Name of the prompt. */
  readonly name: string
  readonly actorId: string
}

/** Bytes of the hash that make the place of an actor: 48 bits are exact in a number. */
const PLACE_BYTES = 6

/**
 * The version that an actor gets: 0 is the built-in text. Every process chooses alike. An actor that has got a version keeps it while its
 * share grows. Which actors are first differs from version to version, so that not always the same ones try what is new.
 */
export function chooseVersion({ tenant, name, actorId }: PromptUse, { version, share, before }: PromptRelease): number {
  if (share === 1) return version
  const digest = hash('sha256', `${tenant}/${name}@${version}/${actorId}`, 'buffer')
  const place = digest.readUIntBE(0, PLACE_BYTES) / 2 ** (8 * PLACE_BYTES)
  return place < share ? version : before
}
