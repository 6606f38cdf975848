import { z } from 'zod'
import { codeOf, RetryLaterError, TerminalError } from '../../../schemas/errors.ts'
import { routedFields } from '../../../schemas/events.ts'
import { REASON_CHARS_MAX, REASONS_MAX } from '../../../schemas/quality.ts'
import { TOKEN } from '../../../schemas/subjects.ts'
import { defineTask, type TaskCall, type TaskDefinition } from '../../definition/task-definition.ts'
import type { AnsweredCall, Generated, GenerationCall, GenerationTool } from '../../definition/task-generation.ts'
import { buildChat } from '../../prompting/build-chat.ts'
import { CHAT_PROMPT, CHAT_PROMPTS } from '../../prompting/built-in-prompts.ts'
import { unfitAnswer } from '../../prompting/unfit-answer.ts'
import { createReplyStream } from '../../streaming/reply-stream.ts'
import { clip } from '../support/clip.ts'
import { languageSchema } from '../support/found.ts'
import { knownOf, knowsOf, withSaid } from '../support/known.ts'
import {
  CHAT_LIMITS,
  type ChatContext,
  chatTurnSchema,
  factsSchema,
  NAME,
  REPLY_CHARS_MAX,
  toolCallSchema,
  type WantedCall,
} from './chat-context.ts'
import { chatSentence, fillIn, plainReply } from './chat-replies.ts'
import type { ChatForms } from './forms.ts'
import { recall, RECALLED_MAX, type Remembered } from './recall.ts'
import { type ChatTools, OWN_TOOLS, wantedCall } from './tools.ts'

const LIMITS = CHAT_LIMITS
const DEADLINE_MS = 120_000
const ATTEMPTS_MAX = 3
const CONCURRENCY_MAX = 256

export const replyInput = z.object({
  id: z.string(),
  text: z.string(),
  at: z.string(),
  lang: languageSchema,
  turns: z.array(chatTurnSchema),
  summary: z.string(),
  facts: factsSchema,
  /** What was called for this message. */
  calls: z.array(toolCallSchema),
  /** Of whom a profile may tell what he said in other conversations. */
  customer: z.string().optional(),
  /** The budget of the reply is over: no model is asked. */
  isLate: z.boolean().optional(),
})
type ReplyInput = z.infer<typeof replyInput>

/** The task for the message that has its turn. */
export function replyInputOf({ waiting: [message], turns, summary, facts, calls, customer }: ChatContext): ReplyInput {
  const { id, text, lang, at } = message ?? { id: '', text: '', lang: 'en' as const, at: '' }
  return { id, text, lang, at, turns, summary, facts, calls, ...(customer !== undefined && { customer }) }
}

export const replyOutput = z.object({
  /** `null` where tools are to be called first. */
  text: z.string().min(1).max(REPLY_CHARS_MAX).nullable(),
  made: z.enum(['model', 'memory', 'courtesy']),
  calls: z
    .array(
      z.object({
        name: z.string().max(64),
        args: z.record(z.string(), z.unknown()),
        needsPerson: z.boolean(),
        problem: z.string().max(1_000).optional(),
      }),
    )
    .max(2 * LIMITS.callsMax),
  form: z.string().regex(NAME).optional(),
  choices: z.array(z.string().min(1).max(LIMITS.labelCharsMax)).max(LIMITS.buttonsMax).optional(),
  /** Id of the profile that is to be told of the message, since it says something of the customer. */
  profile: z.string().regex(TOKEN).optional(),
  /** Ids of earlier messages that the reply was made with. */
  remembered: z.array(z.string()).max(RECALLED_MAX),
  promptVersion: z.string().max(64).optional(),
  model: z.string().max(128).optional(),
  tokensIn: z.int().nonnegative().optional(),
  tokensOut: z.int().nonnegative().optional(),
  cost: z.number().nonnegative().optional(),
  ...routedFields,
  /** Why no model wrote the reply, although there is one. */
  reasons: z.array(z.string().max(REASON_CHARS_MAX)).max(REASONS_MAX).optional(),
})
export type ChatReply = z.infer<typeof replyOutput>
type Call = TaskCall<ReplyInput>

/** Why a model was not waited for any longer. */
const LATE = 'reply_budget'

/** Another attempt would end in the same way. */
const FINAL: ReadonlySet<string> = new Set(['no_model', 'model_budget', 'model_context', 'no_prompts', 'no_prompt_version'])

/**
 * The task `reply`: recalls what was said, and has a model reply or call tools. Without a model, or where all fail, it says what the person
 * said before, or that it is not known.
 */
export function replyTask(tools: ChatTools, forms: ChatForms): TaskDefinition<typeof replyInput, typeof replyOutput> {
  return defineTask({
    input: replyInput,
    output: replyOutput,
    deadlineMs: DEADLINE_MS,
    attemptsMax: ATTEMPTS_MAX,
    concurrencyMax: CONCURRENCY_MAX,
    run: async (call) => {
      const known = await knownTo(call)
      const remembered = await recall(call.searchIndex, { ...call.input, recent: call.input.turns })
      if (!call.hasModels()) return { ...withoutModel(call.input, remembered), ...known.told }
      if (call.input.isLate) return { ...withoutModel(call.input, remembered), ...known.told, reasons: [LATE] }
      const window = new Set(call.input.turns.map(({ id }) => id))
      const earlier = remembered.filter(({ id }) => !window.has(id) && id !== call.input.id)
      try {
        return { ...(await byModel(call, tools, forms, [...known.facts, ...call.input.facts], earlier)), ...known.told }
      } catch (error) {
        call.signal.throwIfAborted()
        const code = codeOf(error) ?? 'error'
        // Who asks to wait answers no sooner for being asked again.
        const isFinal = error instanceof TerminalError || error instanceof RetryLaterError || FINAL.has(code)
        if (!isFinal && call.attempt < ATTEMPTS_MAX) throw error
        return { ...withoutModel(call.input, remembered), ...known.told, reasons: [code.slice(0, REASON_CHARS_MAX)] }
      }
    },
  })
}

/** What the customer said of himself in all his conversations; and his profile, where it is to be told of this message, once. */
async function knownTo({ input: { customer, text, lang, calls }, ...call }: Call) {
  if (customer === undefined) return { facts: [], told: {} }
  const known = knownOf(await call.customer(customer))
  const isTold = calls.length === 0 && withSaid(known, text).isTold
  return { facts: knowsOf(known, lang), told: isTold && known.profile !== null ? { profile: known.profile } : {} }
}

function withoutModel({ text, lang, calls }: ReplyInput, remembered: readonly Remembered[]): ChatReply {
  // Results of tools are for a model: what they mean is not guessed.
  if (calls.length > 0) return { text: chatSentence('failed', lang), made: 'memory', calls: [], remembered: [] }
  const { quoted, ...reply } = plainReply(text, lang, remembered)
  return { ...reply, calls: [], remembered: quoted === undefined ? [] : [quoted.id] }
}

async function byModel(
  call: Call,
  tools: ChatTools,
  forms: ChatForms,
  facts: readonly string[],
  earlier: readonly Remembered[],
): Promise<ChatReply> {
  const { input, live, log } = call
  const { text: message, lang, calls } = input
  const prompt = await call.promptFor(CHAT_PROMPT, { builtIn: CHAT_PROMPTS, lang })
  // After the last call the model has to answer.
  const isLast = calls.length >= LIMITS.callsMax
  const offered = isLast ? [] : offeredTools(tools, forms)
  const reply = createReplyStream({ live, log, gate: () => true, citations: 'kept' })
  const ask = (more: readonly AnsweredCall[]): Promise<Generated> => {
    const answered = calls.map(({ result, ...one }) => ({ ...one, result: result ?? '' }))
    return call.generate({
      messages: buildChat({ ...prompt, ...input, facts, message, remembered: earlier, calls: [...answered, ...more] }),
      tools: offered.length === 0 ? undefined : offered,
      stream: reply.stream,
      refuse: unfitAnswer,
      hints: { text: message, needsHistory: input.turns.length > 0 },
    })
  }
  const first = await ask([])
  let [read, generated] = [readCalls(first.calls ?? [], tools, forms), first]
  if (read.wanted.some(({ problem }) => problem !== undefined)) {
    // Wrong arguments go back once; what is right stays.
    const told = (first.calls ?? []).map((one, index) => ({
      ...one,
      call: `again-${index + 1}`,
      args: typeof one.args === 'object' && one.args !== null ? one.args : {},
      result: read.all[index]?.problem ?? 'accepted; its result follows, do not call it again',
    }))
    const second = await ask(told)
    const again = readCalls(second.calls ?? [], tools, forms)
    read = { ...again, wanted: [...read.wanted, ...again.wanted] }
    generated = { ...second, ...sumOf(first, second) }
  }
  const { model, tier, complexity, tierReason, tokensIn, tokensOut, cost } = generated
  const by = {
    ...{ made: 'model' as const, promptVersion: prompt.promptVersion, model, tier, tierReason, remembered: earlier.map(({ id }) => id) },
    ...(complexity !== undefined && { complexity }),
    ...(tokensIn !== undefined && { tokensIn }),
    ...(tokensOut !== undefined && { tokensOut }),
    ...(cost !== undefined && { cost }),
  }
  const { form, choices } = read
  const written = textOf(generated.text)
  // Right calls are done first, even where the model has written beside them.
  const isCalling =
    read.wanted.some(({ problem }) => problem === undefined) || (written === '' && form === undefined && choices === undefined)
  if (isCalling && read.wanted.length > 0 && !isLast) {
    await reply.settle(undefined, 'tools')
    return { ...by, text: null, calls: [...read.wanted] }
  }
  const title = form === undefined ? undefined : forms[form]?.title
  const text = written || textOf(read.text ?? '') || (title === undefined ? chatSentence('failed', lang) : fillIn(title, lang))
  await reply.settle(text)
  return { ...by, text, calls: [...read.wanted], ...(form !== undefined && { form }), ...(choices !== undefined && { choices }) }
}

const textOf = (written: string): string => written.trim().slice(0, REPLY_CHARS_MAX).toWellFormed()

const sumOf = (a: Generated, b: Generated): Pick<Generated, 'tokensIn' | 'tokensOut' | 'cost'> => {
  const sum = (one: number | undefined, other: number | undefined) => (one === undefined || other === undefined ? undefined : one + other)
  const [tokensIn, tokensOut, cost] = [sum(a.tokensIn, b.tokensIn), sum(a.tokensOut, b.tokensOut), sum(a.cost, b.cost)]
  return { ...(tokensIn !== undefined && { tokensIn }), ...(tokensOut !== undefined && { tokensOut }), ...(cost !== undefined && { cost }) }
}

/** The tools, and where there are any or forms, how to ask for a form and how to offer buttons. */
function offeredTools(tools: ChatTools, forms: ChatForms): GenerationTool[] {
  const named = Object.entries(tools).map(([name, { task, description }]) => ({ name, description, args: task.input }))
  const formNames = Object.keys(forms)
  if (named.length + formNames.length === 0) return []
  const described = Object.entries(forms).map(([name, { title, description = title }]) => `${name}: ${description}`)
  return [
    ...named,
    ...(formNames.length === 0
      ? []
      : [{ name: OWN_TOOLS.form, description: `Asks the person to fill in a form. Forms:\n${described.join('\n')}`, args: askForm }]),
    { name: OWN_TOOLS.choices, description: 'Says the text, and shows buttons of which the person may press one.', args: offerChoices },
  ]
}

const askForm = z.object({ form: z.string(), text: z.string().optional().meta({ description: 'What to say with the form' }) })
const offerChoices = z.object({ text: z.string(), choices: z.array(z.string()).min(1).max(LIMITS.buttonsMax) })

interface ReadCalls {
  /** Each call that was written, in order; of the kind's own tools only those that are wrong have a problem. */
  readonly all: readonly { readonly problem?: string | undefined }[]
  readonly wanted: readonly WantedCall[]
  readonly form?: string
  readonly choices?: string[]
  readonly text?: string
}

function readCalls(made: readonly GenerationCall[], tools: ChatTools, forms: ChatForms): ReadCalls {
  const all: { problem?: string | undefined }[] = []
  const wanted: WantedCall[] = []
  let own: Pick<ReadCalls, 'form' | 'choices' | 'text'> = {}
  for (const one of made.slice(0, LIMITS.callsMax)) {
    const form = one.name === OWN_TOOLS.form ? askForm.safeParse(one.args).data : undefined
    const choices = one.name === OWN_TOOLS.choices ? offerChoices.safeParse(one.args).data : undefined
    if (form !== undefined && Object.hasOwn(forms, form.form)) {
      own = { ...own, form: form.form, ...(form.text !== undefined && { text: form.text }) }
      all.push({})
    } else if (choices !== undefined) {
      const labels = [...new Set(choices.choices.map((label) => clip(label, LIMITS.labelCharsMax)).filter((label) => label !== ''))]
      own = { ...own, text: choices.text, ...(labels.length > 0 && { choices: labels }) }
      all.push({})
    } else {
      const call = wantedCall(one, tools)
      const problem = one.name === OWN_TOOLS.form ? `form must be one of ${Object.keys(forms).join(', ')}` : call.problem?.slice(0, 1_000)
      const checked = { ...call, name: call.name.slice(0, 64), problem }
      all.push(checked)
      wanted.push(checked)
    }
  }
  return { all, wanted, ...own }
}
