import type { Act } from '../../schemas/dialogue-acts.ts'
import type { Role } from '../../schemas/events.ts'

/** A turn of a conversation before the message. */
export interface EarlierTurn {
  readonly role: Role
  readonly text: string
}

/** What is to be understood: one message of a user, with the turns before it, oldest first. */
export interface UnderstandingQuery {
  readonly text: string
  /** Default: none. The last turns count. */
  readonly history?: readonly EarlierTurn[]
}

export interface UnderstoodIntent {
  readonly name: string
  /** Probability that the message has this intent, from 0 to 1. */
  readonly confidence: number
  /** Words of the message that speak for it, or an example that is like it. */
  readonly because: readonly string[]
}

export interface UnderstoodEntity {
  /** Name of the entity. */
  readonly name: string
  /** The value that the tenant gave it. */
  readonly value: string
  /** The words of the message, and where they are in UTF-16 units. */
  readonly text: string
  readonly start: number
  readonly end: number
}

/** What a message wants. The same text, history and version give the same. */
export interface Understood {
  readonly act: { readonly name: Act; readonly confidence: number; readonly because: readonly string[] }
  /** Best first; empty where nothing was taught, or where the message is out of scope. */
  readonly intents: readonly UnderstoodIntent[]
  /** The message is none of the taught intents; where none are taught, its act says so. */
  readonly outOfScope: boolean
  readonly entities: readonly UnderstoodEntity[]
  /** The intent that the conversation is about: the best one, or that of an earlier turn which the message continues; else `null`. */
  readonly topic: string | null
  /** Name of the kind to which the tenant routes messages of the best intent; `null` where it has no route, or there is no intent. */
  readonly route?: string | null | undefined
  /** BCP 47; `null` where it cannot be told. */
  readonly lang: string | null
  /** Names the trained set, the acts and the settings of the tenant that decided: `main@3-<name of its object> acts@1 tenant@2`. */
  readonly version: string
  /** Who chose between the best intents; absent where the set decided alone. */
  readonly by?: string | undefined
}

/** Understands messages by what the tenant has taught, as a task sees it. */
export interface TaskUnderstanding {
  /** @throws ColloquyError `no_memory` where a set needs an embedding model and no process with one answers; retrying may help */
  understand(query: UnderstandingQuery): Promise<Understood>
}
