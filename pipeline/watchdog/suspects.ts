import { HOST_ENDS_MAX, type HostEnds, hostEndsText } from './ended-hosts.ts'
import { type Overruns, overrunScope } from './overruns.ts'

/** What speaks against an input before it is decided. */
export interface Suspicion {
  /**
   * The input, code that its actor left behind, or lately another decision of its kind and tenant has run into a limit: a shorter one
   * applies.
   */
  readonly isSuspect: boolean
  /** Why it is rejected without running its kind; `undefined` if it is decided. */
  readonly poison: string | undefined
  /** The input itself has ended a host. */
  readonly hasEndedHost: boolean
  /** It ended its host by code that it left behind: it may be recorded, and then speaks against the next inputs of its actor. */
  readonly isLeftBehind: boolean
}

/** The inputs that ended a host, as one host knows them. */
export interface Suspects {
  /** `undefined` for nearly all inputs. */
  against(input: { readonly seq: number; readonly storedMs: number }, subject: string): Suspicion | undefined
  /** Removes an input that is recorded. @returns whether it was suspected */
  acquit(seq: number): boolean
}

/** Inputs are rejected that reach an actor within this time after code that its recorded inputs left behind ended `HOST_ENDS_MAX` hosts. */
const REST_MS = 600_000

/** Whether the end of a host still speaks against an input that INBOX stores at this time: the same one, or the next of its actor. */
export const speaks = ({ isLeftBehind, at }: HostEnds, storedMs: number): boolean => !isLeftBehind || storedMs < Date.parse(at) + REST_MS

/** @param ends by INBOX sequence @param nowMs milliseconds since 1970 */
export function createSuspects(ends: ReadonlyMap<number, HostEnds>, overruns: Overruns, nowMs: () => number): Suspects {
  const bySeq = new Map(ends)
  const cautions = new Map(overruns)
  const isCautious = (subject: string): boolean => {
    if (cautions.size === 0) return false
    for (const [scope, untilMs] of cautions) if (untilMs <= nowMs()) cautions.delete(scope)
    return cautions.has(overrunScope(subject))
  }
  return {
    against({ seq, storedMs }, subject) {
      if (bySeq.size === 0 && cautions.size === 0) return undefined
      const own = bySeq.get(seq)
      const isOwn = own?.storedMs === storedMs
      const earlier = [...bySeq].flatMap(([other, end]) =>
        other < seq && end.isLeftBehind && end.subject === subject && speaks(end, storedMs) ? [end] : [],
      )
      const cautious = isCautious(subject)
      if (!isOwn && earlier.length === 0 && !cautious) return undefined
      const ownText = isOwn && own.count >= HOST_ENDS_MAX ? hostEndsText(own) : undefined
      return {
        isSuspect: cautious || earlier.length > 0 || (isOwn && own.isOverrun),
        poison: ownText ?? textOfEarlier(earlier),
        hasEndedHost: isOwn,
        isLeftBehind: isOwn && own.isLeftBehind,
      }
    },
    acquit: (seq) => bySeq.delete(seq),
  }
}

function textOfEarlier(ends: readonly HostEnds[]): string | undefined {
  const count = ends.reduce((sum, end) => sum + end.count, 0)
  if (count < HOST_ENDS_MAX) return undefined
  const what = new Set(ends.flatMap((end) => end.what))
  return `code that earlier decisions of this actor left behind ended its host ${count} times: ${[...what].join(', then ')}`
}
