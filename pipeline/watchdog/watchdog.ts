import { actorKey, parseLogSubject } from '../../schemas/subjects.ts'
import type { ThreadPosition } from './ask-blocked-thread.ts'
import { readSlot } from './call-slot.ts'
import { isDecision, type KindCode } from './kind-code.ts'

export interface WatchdogOptions {
  /** The memory of the watched thread. */
  readonly memory: SharedArrayBuffer
  /** Longest block by a decision, or by code that it left behind. */
  readonly callMsMax: number
  /** Longest block by code that nobody knows. */
  readonly unknownMsMax: number
  /** Bytes by which the memory of the process may grow while the code of a kind blocks the thread; checked like the time. */
  readonly growthBytesMax: number
  /** From when a block is reported where no decision runs; default: `SLOW_MS`. */
  readonly silentMsMin?: number
  /** Asks the thread what it is doing. */
  readonly ask: () => Promise<ThreadPosition | undefined>
  /** Called when a block is found, and once more when it becomes known whose code it is. */
  readonly onBlocked: (block: Block) => void
  /** The block is over. */
  readonly onAnswer?: () => void
  /** Called once for a block: the thread must end. `what` says what the code did. */
  readonly onOverrun: (block: Block, what: string) => void
}

/** One piece of code that holds a thread. */
export interface Block {
  /** `undefined` while nobody knows: native code, or Colloquy's own. */
  readonly code: KindCode | undefined
  /** The code is a decision's, and the decision has returned. */
  readonly isLeftBehind: boolean
  /** How long it has held the thread, in milliseconds. */
  readonly ms: number
  /** `, at <function> (<file>:<line>)`; empty if that is not known. */
  readonly at: string
}

/** Watches one thread from outside. */
export interface Watchdog {
  /** What has held the thread for longer than `SLOW_MS`. */
  block(): Block | undefined
  /** How long the event loop of the thread has not turned, in milliseconds. */
  silentMs(): number
  stop(): void
}

/** A decision takes microseconds; after this time it is logged. */
export const SLOW_MS = 1_000
/** Longest block by a decision that has run into a limit before: other actors have waited for it already. */
export const SUSPECT_MS_MAX = 1_000
/** Longest block by code that nobody knows. */
export const UNKNOWN_BLOCK_MS_MAX = 60_000
/** A blocked task has this long after its deadline, when its machine goes on without it. */
const DEADLINE_MARGIN_MS = 5_000
const POLL_MS = 100
/**
 * The part of a thread's heap by which one decision may grow the memory. The watchdog must be first: where V8 itself finds a full heap, it
 * often ends the whole process, since the collection under way needs more than the 16 MiB that Node adds for it.
 */
export const GROWTH_SHARE_MAX = 0.5

/** A block that is long enough to be reported. */
interface OpenBlock {
  code: KindCode | undefined
  /** A decision is under way, so that its code is known without a question. */
  readonly isCall: boolean
  at: string
  isAsking: boolean
  isReported: boolean
  /** `heldMs` at the last answer. */
  answeredMs: number
}

/**
 * Reads the slot of a thread ten times a second, and asks the thread whose code runs when it shows no sign of life. It counts only the time
 * in which it ran itself, so that a machine that slept, or a process that was paused, blames nobody.
 */
export function startWatchdog(options: WatchdogOptions): Watchdog {
  const { memory, callMsMax, unknownMsMax, growthBytesMax, silentMsMin = SLOW_MS, ask, onBlocked, onAnswer, onOverrun } = options
  let known = readSlot(memory)
  let lastMs = performance.now()
  /** How long one piece of code has held the thread. */
  let heldMs = 0
  let silentMs = 0
  // A decision may be under way already.
  let rssBytes = process.memoryUsage.rss()
  let open: OpenBlock | undefined
  let isOver = false
  /** The decision whose code blocked last, and for how long: blocks with pauses in between count as one. */
  let last: { readonly seq: number; readonly ms: number } | undefined

  const reading = ({ code, isCall, at }: OpenBlock): Block => ({
    code,
    isLeftBehind: !isCall && isDecision(code),
    ms: Math.round(heldMs),
    at,
  })
  const askWhose = async (block: OpenBlock): Promise<void> => {
    block.isAsking = true
    const position = await ask()
    if (open !== block) return
    block.isAsking = false
    block.answeredMs = heldMs
    if (position?.at !== undefined) block.at = `, at ${position.at}`
    if (!block.isCall) block.code = position?.code
    if (!block.isCall && isDecision(block.code) && block.code.seq === last?.seq) heldMs += last.ms
    if (!block.isReported || block.code !== undefined) onBlocked(reading(block))
    block.isReported = true
  }
  const close = (): void => {
    if (open !== undefined) {
      if (isDecision(open.code)) last = { seq: open.code.seq, ms: heldMs }
      onAnswer?.()
    }
    open = undefined
    isOver = false
    heldMs = 0
    rssBytes = process.memoryUsage.rss()
  }
  const poll = (): void => {
    const nowMs = performance.now()
    const passedMs = Math.min(nowMs - lastMs, 2 * POLL_MS)
    lastMs = nowMs
    const before = known
    known = readSlot(memory)
    // The first beat says that the thread has started.
    const isSilent = known.beats === before.beats && known.beats > 0
    silentMs = isSilent ? silentMs + passedMs : 0
    const { call } = known
    if (known.count !== before.count || (call === undefined && !isSilent)) return close()
    heldMs += passedMs
    const block = open ?? { code: call, isCall: call !== undefined, at: '', isAsking: false, isReported: false, answeredMs: 0 }
    if (heldMs >= (call === undefined ? silentMsMin : SLOW_MS)) {
      open = block
      const isNews = !block.isReported || (block.code === undefined && heldMs - block.answeredMs >= SLOW_MS)
      if (isNews && !block.isAsking) void askWhose(block)
    }
    // A thread that ends in the middle of a question may hang: Node then never reports its end. Questions are bounded.
    const what = isOver || block.isAsking ? undefined : overrunOf(block.code)
    if (what === undefined) return
    isOver = true
    onOverrun(reading(block), what)
  }
  /** What the code has done, if that is more than it may. */
  const overrunOf = (code: KindCode | undefined): string | undefined => {
    const held = `blocked its thread for ${secondsText(heldMs)}`
    if (code === undefined) return heldMs < unknownMsMax ? undefined : held
    if (process.memoryUsage.rss() - rssBytes > growthBytesMax) return `allocated more than ${Math.round(growthBytesMax / MIB)} MiB`
    if (!isDecision(code)) return Date.now() < Date.parse(code.deadlineAt) + DEADLINE_MARGIN_MS ? undefined : held
    const msMax = code.isSuspect ? Math.min(SUSPECT_MS_MAX, callMsMax) : callMsMax
    if (heldMs < msMax) return undefined
    return known.call === undefined ? held : `did not return within ${secondsText(msMax)}`
  }
  const timer = setInterval(poll, POLL_MS)
  return { block: () => open && reading(open), silentMs: () => Math.round(silentMs), stop: () => clearInterval(timer) }
}

const MIB = 1024 * 1024

export const secondsText = (ms: number): string => `${Number((ms / 1_000).toFixed(1))} s`

/** A block in a few words, such as `the decision on input 7 of acme/support/x`. @param noun what the thread does with an input */
export function codeText({ code, isLeftBehind }: Pick<Block, 'code' | 'isLeftBehind'>, noun = 'decision'): string {
  if (code === undefined) return 'something'
  if (!isDecision(code)) return `task "${code.task}" (run ${code.run}) of ${code.actor}`
  const text = `the ${noun} on input ${code.seq} of ${actorKey(parseLogSubject(code.subject).address)}`
  return isLeftBehind ? `code that ${text} left behind` : text
}
