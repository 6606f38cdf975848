import { Session } from 'node:inspector'
import { relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { z } from 'zod'
import { parseJson } from '../../schemas/json.ts'
import { currentKindCode, type KindCode } from './kind-code.ts'

/** What a thread is doing. */
export interface ThreadPosition {
  /** Whose code runs; `undefined` for Colloquy's own. */
  readonly code: KindCode | undefined
  /** The innermost function that is not of a package, as `name (file:line:column)`. */
  readonly at: string | undefined
}

const ANSWER = Symbol.for('colloquy.position')
const FRAMES_MAX = 30

const codeSchema = z.union([
  z.object({ kind: z.string(), task: z.string(), run: z.string(), actor: z.string(), deadlineAt: z.string() }),
  z.object({ subject: z.string(), seq: z.number() }),
])
const positionSchema = z.object({ code: codeSchema.optional(), stack: z.string().default('') })
/** The inspector's answer to `Runtime.evaluate`. */
const answerSchema = z.object({ result: z.object({ result: z.object({ value: z.string() }) }) })

/** Makes this thread answer `askBlockedThread`, also while its event loop is blocked. */
export function answerWhileBlocked(): void {
  Reflect.set(globalThis, ANSWER, () => {
    const { stackTraceLimit } = Error
    Error.stackTraceLimit = FRAMES_MAX
    const { stack } = new Error()
    Error.stackTraceLimit = stackTraceLimit
    const code = currentKindCode()
    return JSON.stringify({ stack, code: code && codeSchema.parse(code) })
  })
}

/**
 * Asks another thread of this process what it is doing. The inspector interrupts it, so that it answers also from a loop or a regular
 * expression without an end. `undefined` if it does not answer in time: then native code blocks it.
 */
export async function askBlockedThread(threadId: number, timeoutMs: number): Promise<ThreadPosition | undefined> {
  const { promise, resolve } = Promise.withResolvers<ThreadPosition | undefined>()
  const session = new Session()
  session.connect()
  const timeout = setTimeout(() => resolve(undefined), timeoutMs)
  session.on('NodeWorker.attachedToWorker', ({ params: { sessionId, workerInfo } }) => {
    if (!workerInfo.title.startsWith(`[worker ${threadId}]`)) return
    const expression = `globalThis[Symbol.for('${ANSWER.description}')]?.()`
    const message = JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression, returnByValue: true } })
    session.post('NodeWorker.sendMessageToWorker', { sessionId, message })
  })
  session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => {
    const answer = answerSchema.safeParse(parseJson(params.message))
    const position = answer.success ? positionSchema.safeParse(parseJson(answer.data.result.result.value)) : undefined
    resolve(position?.success === true ? { code: position.data.code, at: innermost(position.data.stack) } : undefined)
  })
  session.post('NodeWorker.enable', { waitForDebuggerOnStart: false })
  try {
    return await promise
  } finally {
    clearTimeout(timeout)
    session.post('NodeWorker.disable')
    session.disconnect()
  }
}

const FRAME = /^\s*at (?:(.*) \()?(file:\/\/.+):(\d+):(\d+)\)?$/

/** The path is relative to the working directory where the file lies below it. */
function innermost(stack: string): string | undefined {
  // The first frames are those of the question itself.
  const lines = stack.split('\n').slice(2)
  const frames = lines.map((line) => FRAME.exec(line)).filter((frame) => frame !== null)
  const [, name = 'a function', url, line, column] = frames.find(([text]) => !/[\\/]node_modules[\\/]/.test(text)) ?? []
  if (url === undefined) return undefined
  const path = fileURLToPath(url)
  const below = relative(process.cwd(), path)
  return `${name} (${below.startsWith('..') ? path : below}:${line}:${column})`
}
