import { z } from 'zod'
import type { ErrorCode } from '../../../schemas/error-codes.ts'
import { codeOf, ColloquyError, messageOf, TerminalError } from '../../../schemas/errors.ts'
import { taskError } from '../../../schemas/internal-messages.ts'
import { jsonIn } from '../../../schemas/json.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'
import { defineTask, type TaskCall, type TaskDefinition } from '../../definition/task-definition.ts'
import type { GenerationCall } from '../../definition/task-generation.ts'
import { CHAT_LIMITS, NAME, type WantedCall } from './chat-context.ts'

/** A task that the model may call. */
export interface ChatTool {
  /** Its `input` is checked before anything else: an object. Its `deadlineMs`, `attemptsMax` and `run` hold. */
  readonly task: TaskDefinition
  /** What it does and when to call it, for the model. */
  readonly description: string
  /** Whether a person must approve each call (`tool.approved`, `tool.refused`). Default: false. */
  readonly approval?: boolean
}
export type ChatTools = Readonly<Record<string, ChatTool>>

export const TOOLS_MAX = 32
/** Milliseconds beside the longest deadline of a tool: for the queue. */
const QUEUE_MS = 60_000
/** Names that the kind offers itself. */
export const OWN_TOOLS = { form: 'ask_form', choices: 'offer_choices' } as const

/** @throws ColloquyError `bad_kind` where a tool cannot be offered */
export function checkTools(tools: ChatTools): void {
  const names = Object.keys(tools)
  if (names.length > TOOLS_MAX) throw new ColloquyError('bad_kind', `there may be at most ${TOOLS_MAX} tools (there are ${names.length})`)
  for (const [name, { task, description }] of Object.entries(tools)) {
    const refuse = (what: string): never => {
      throw new ColloquyError('bad_kind', `tool "${name}": ${what}`)
    }
    if (!NAME.test(name) || Object.values<string>(OWN_TOOLS).includes(name))
      refuse(`the name must match ${NAME} and be none of the kind's own`)
    if (description.trim() === '') refuse('it needs a description, by which the model knows when to call it')
    if (!(task.input instanceof z.ZodObject)) refuse('the input of its task must be an object')
    try {
      z.toJSONSchema(task.input, { io: 'input', target: 'draft-7' })
    } catch (cause) {
      throw new ColloquyError('bad_kind', `tool "${name}": the input of its task cannot be shown to a model`, { cause })
    }
  }
}

/** Checks a call that a model wrote: the tool, and its arguments by the schema of the task. */
export function wantedCall({ name, args }: GenerationCall, tools: ChatTools): WantedCall {
  const given = typeof args === 'string' ? jsonIn(args) : args
  const object = z.record(z.string(), z.unknown()).safeParse(given)
  const tool = Object.hasOwn(tools, name) ? tools[name] : undefined
  const wrong = (problem: string): WantedCall => ({ name, args: {}, needsPerson: false, problem })
  if (tool === undefined)
    return wrong(`there is no tool ${JSON.stringify(name.slice(0, 64))}; there are: ${Object.keys(tools).join(', ') || 'none'}`)
  if (!object.success) return wrong('the arguments must be a JSON object')
  const chars = JSON.stringify(object.data).length
  if (chars > CHAT_LIMITS.argsCharsMax)
    return wrong(`the arguments have ${chars} characters of JSON; at most ${CHAT_LIMITS.argsCharsMax} are allowed`)
  const read = tool.task.input.safeParse(object.data, IN_WORDS)
  if (!read.success) return wrong(zodProblem(read.error, 'args'))
  return { name, args: object.data, needsPerson: tool.approval ?? false }
}

export const toolInput = z.object({ name: z.string(), args: z.record(z.string(), z.unknown()), call: z.string() })
export const toolOutput = z.object({
  result: z.string().max(CHAT_LIMITS.resultCharsMax),
  isCut: z.boolean(),
  /** Why there is no result. The dialogue deals with it, so that the task has not failed. */
  failed: taskError.optional(),
})
export type ToolOutput = z.infer<typeof toolOutput>

/**
 * The task `tool`, which runs the task of the tool that is named. A call is tried as often as that task says, and ends at its deadline.
 * What it returns is cut to `resultCharsMax` of JSON. A call that fails for good has its cause as the outcome of the task: it is no dead
 * letter, since the model is told.
 */
export function toolTask(tools: ChatTools): TaskDefinition<typeof toolInput, typeof toolOutput> {
  const tasks = Object.values(tools).map(({ task }) => task)
  return defineTask({
    input: toolInput,
    output: toolOutput,
    deadlineMs: Math.max(1_000, ...tasks.map(({ deadlineMs }) => deadlineMs)) + QUEUE_MS,
    attemptsMax: Math.max(1, ...tasks.map(({ attemptsMax }) => attemptsMax)),
    concurrencyMax: tasks.reduce((sum, { concurrencyMax }) => sum + concurrencyMax, 1),
    run: async (call) => {
      const { name } = call.input
      try {
        return await runTool(call)
      } catch (error) {
        call.signal.throwIfAborted()
        if (!(error instanceof TerminalError) && call.attempt < (tools[name]?.task.attemptsMax ?? 1)) throw error
        const code = codeOf(error)?.slice(0, 128) ?? ('error' satisfies ErrorCode)
        return { result: '', isCut: false, failed: { code, message: messageOf(error).slice(0, PROBLEM_CHARS_MAX).toWellFormed() } }
      }
    },
  })

  async function runTool(call: TaskCall<z.output<typeof toolInput>>): Promise<ToolOutput> {
    const { name, args } = call.input
    const task = tools[name]?.task
    if (task === undefined) throw new TerminalError('no_tool', `the tool ${name} is gone since the call was decided`)
    const input = task.input.safeParse(args, IN_WORDS)
    if (!input.success) throw new TerminalError('bad_task_input', zodProblem(input.error, 'args'))
    if (call.attempt > task.attemptsMax) throw new TerminalError('no_attempts', `${name} has failed ${task.attemptsMax} times`)
    const late = AbortSignal.timeout(task.deadlineMs)
    const signal = AbortSignal.any([call.signal, late])
    const output = await unlessLate(task.run({ ...call, input: input.data, signal }), late, name, task.deadlineMs)
    const json = JSON.stringify(task.output.parse(output)) ?? 'null'
    const { resultCharsMax } = CHAT_LIMITS
    const result = json.slice(0, resultCharsMax).toWellFormed()
    return { result, isCut: json.length > resultCharsMax }
  }
}
const PROBLEM_CHARS_MAX = 1_000

/** A tool that ignores its signal does not keep the conversation waiting. */
async function unlessLate<T>(work: Promise<T>, late: AbortSignal, name: string, ms: number): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const end = (): void => reject(new TerminalError('deadline', `${name} gave no result in ${ms} ms`))
  late.addEventListener('abort', end, { once: true })
  try {
    return await Promise.race([work, promise])
  } finally {
    late.removeEventListener('abort', end)
  }
}
