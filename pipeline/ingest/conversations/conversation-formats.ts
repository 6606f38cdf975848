import { hash } from 'node:crypto'
import { z } from 'zod'
import type { Role } from '../../../schemas/events.ts'
import { IN_WORDS, zodProblem } from '../../../schemas/problem-words.ts'

/** A turn of a conversation as a file has it. */
export interface FileTurn {
  readonly role: Role
  readonly text: string
  readonly lang?: string | undefined
  /** ISO; absent where the file does not state it. */
  readonly time?: string | undefined
  /** The time to record: its own, or else that of the turn before it, or else that of the conversation. */
  readonly at?: string | undefined
  /** The person of the company who wrote it. */
  readonly agent?: string | undefined
  readonly id?: string | undefined
}

/** A conversation of a file, whatever its format. */
export interface FileConversation {
  readonly format: Format
  readonly id: string
  readonly customer?: string | number | undefined
  readonly channel?: string | undefined
  readonly rating?: number | undefined
  readonly tags?: readonly string[] | undefined
  readonly turns: readonly FileTurn[]
  /** Fields that are not read, such as `title` or `turns[].mood`. */
  readonly unknown: readonly string[]
  /** What else of the conversation is no turn, by its name; with numbers. */
  readonly skipped: Readonly<Partial<Record<Skipped, number>>>
}

/** `branches`: messages beside the branch that the export names as the current one. */
export type Skipped = 'branches' | 'attachments' | 'tools' | 'empty'

/** The formats, with their names in reports. */
export const FORMATS = {
  turns: 'conversations {"id", "turns": [{"role", "text"}]}',
  messages: 'messages {"messages": [{"role", "content"}]}, as of OpenAI',
  sharegpt: 'ShareGPT {"conversations": [{"from", "value"}]}',
  chatgpt: "ChatGPT's export (the current branch of each conversation)",
} as const
export type Format = keyof typeof FORMATS

/** The roles of all formats. `null`: of a tool, which says nothing to the user. */
const ROLES: ReadonlyMap<string, Role | null> = new Map<string, Role | null>(
  Object.entries({
    user: 'user',
    human: 'user',
    customer: 'user',
    assistant: 'assistant',
    bot: 'assistant',
    gpt: 'assistant',
    chatgpt: 'assistant',
    model: 'assistant',
    agent: 'agent',
    operator: 'agent',
    system: 'system',
    developer: 'system',
    tool: null,
    function: null,
    function_call: null,
    function_response: null,
    observation: null,
  }),
)

const TIME_KEYS = ['time', 'created_at', 'createdAt', 'create_time', 'timestamp'] as const
/** A text of 1 to so many characters. */
const shortText = (charsMax: number) => {
  const error = `must be a text of 1 to ${charsMax} characters`
  return z.string({ error }).min(1, { error }).max(charsMax, { error })
}
const lang = z.string({ error: 'must be a text' }).max(35, { error: 'must have at most 35 characters' }).nullish()
const id = z.union([z.string(), z.int().transform(String)], { error: 'must be a text or a whole number' }).nullish()
const NAME = { error: 'must be a text of 1 to 256 characters, or a whole number' }
const agent = z.union([shortText(256), z.int().transform(String)], NAME).nullish()

/** The fields of a conversation in every format. */
const factsSchema = z.object({
  id,
  conversation_id: id,
  lang,
  customer: z.union([shortText(256), z.int()], NAME).nullish(),
  channel: shortText(64).nullish(),
  rating: z.number({ error: 'must be a number' }).nullish(),
  tags: z.array(shortText(64), { error: 'must be a list of texts' }).max(32, { error: 'must have at most 32 entries' }).nullish(),
  agent,
})

const part = z.union(
  [z.string(), z.looseObject({ type: z.string().optional(), text: z.string().optional(), refusal: z.string().optional() })],
  { error: 'must be a text, or an object with a text' },
)
const content = z.union([z.string(), z.array(part)], { error: 'must be a text, or a list of parts' }).nullish()

const turnSchema = z.object({ id, lang, agent })
const turnsOf = <Speaker extends string, Text extends string>(speaker: Speaker, text: Text) => ({ speaker, text })
/** By the field that holds the turns: the fields of a turn. */
const LISTS = {
  turns: { format: 'turns', ...turnsOf('role', 'text') },
  messages: { format: 'messages', ...turnsOf('role', 'content') },
  conversations: { format: 'sharegpt', ...turnsOf('from', 'value') },
  conversation: { format: 'sharegpt', ...turnsOf('from', 'value') },
} as const satisfies Readonly<Record<string, { format: Format; speaker: string; text: string }>>
type ListName = keyof typeof LISTS
const LIST_NAMES: readonly string[] = Object.keys(LISTS)
const isListName = (name: string): name is ListName => LIST_NAMES.includes(name)

type Fields = Readonly<Record<string, unknown>>
const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Whether a value is one turn of a conversation rather than a conversation: an array of such values is one conversation. */
export const isTurn = (value: unknown): boolean =>
  isFields(value)
  && ((typeof value['role'] === 'string' && ('content' in value || 'text' in value))
    || (typeof value['from'] === 'string' && 'value' in value))

/** A reason why a conversation cannot be read; it names the field. */
export class UnreadableError extends Error {}
const refuse = (why: string): never => {
  throw new UnreadableError(why)
}

/** The conversations in a value: one, or those of an object that holds a list of them. @throws UnreadableError */
export function conversationsIn(value: unknown): FileConversation[] {
  if (Array.isArray(value)) return [readList({ messages: value }, messagesOrShareGpt(value))]
  if (!isFields(value)) return refuse('it is not an object')
  if (isFields(value['mapping'])) return [readExport(value, value['mapping'])]
  const name = LIST_NAMES.find((one) => Array.isArray(value[one]))
  const list = name === undefined ? undefined : value[name]
  if (name === undefined || !isListName(name) || !Array.isArray(list)) {
    const [wrapped] = ['data', 'items', 'results'].map((one) => value[one])
    if (Array.isArray(wrapped)) return wrapped.flatMap(conversationsIn)
    return refuse('turns: missing')
  }
  const isWrapper =
    list.length > 0
    && list.every((one) => isFields(one) && !isTurn(one) && ('mapping' in one || LIST_NAMES.some((inner) => Array.isArray(one[inner]))))
  return isWrapper ? list.flatMap(conversationsIn) : [readList(value, name)]
}

const messagesOrShareGpt = (list: readonly unknown[]): ListName =>
  list.some((one) => isFields(one) && 'from' in one) ? 'conversations' : 'messages'

function readList(value: Fields, name: ListName): FileConversation {
  const { format, speaker, text } = LISTS[name]
  const list = value[name] ?? value['messages']
  const unknown = new Set<string>()
  const skipped: Partial<Record<Skipped, number>> = {}
  const skip = (what: Skipped, count = 1): void => {
    skipped[what] = (skipped[what] ?? 0) + count
  }
  const turns: FileTurn[] = []
  for (const [index, one] of (Array.isArray(list) ? (list as unknown[]) : []).entries()) {
    const at = `${name}.${index}`
    if (!isFields(one)) return refuse(`${at}: not an object`)
    const said = one[speaker] ?? one['role'] ?? one['from']
    const role = typeof said === 'string' ? ROLES.get(said.toLowerCase()) : undefined
    if (role === undefined) return refuse(`${at}.${speaker}: must be one of user, assistant, agent, system`)
    const read = readText(one[text] ?? one['content'] ?? one['text'] ?? one['value'], `${at}.${text}`)
    if (read.attachments > 0) skip('attachments', read.attachments)
    for (const key of Object.keys(one)) {
      if (![speaker, text, 'role', 'from', 'content', 'text', 'value', 'id', 'lang', 'agent', ...TIME_KEYS].includes(key))
        unknown.add(`${name}[].${key}`)
    }
    if (role === null) {
      skip('tools')
      continue
    }
    if (read.text === undefined || read.text.trim() === '') {
      skip('empty')
      continue
    }
    const facts = parse(turnSchema, one, at)
    turns.push({
      role,
      text: read.text,
      lang: facts.lang ?? undefined,
      time: timeOf(one, at),
      agent: facts.agent ?? undefined,
      id: facts.id ?? undefined,
    })
  }
  return finish(value, { format, list: name, turns, unknown, skipped })
}

interface Reading {
  readonly format: Format
  readonly list: string
  readonly turns: readonly FileTurn[]
  readonly unknown: Set<string>
  readonly skipped: FileConversation['skipped']
}

function finish(value: Fields, { format, list, turns, unknown, skipped }: Reading): FileConversation {
  const facts = parse(factsSchema, value, '')
  const given = facts.id ?? facts.conversation_id ?? undefined
  if (given === undefined && format === 'turns') return refuse('id: missing')
  if (turns.length === 0 && format === 'turns') return refuse('turns: must have at least one with a text')
  const known: readonly string[] = [...Object.keys(factsSchema.shape), ...TIME_KEYS, list]
  const named = Object.keys(value).filter((key) => !known.includes(key))
  const ids = turns.flatMap((turn) => turn.id ?? [])
  if (new Set(ids).size < ids.length) return refuse(`${list}: two turns have the id "${ids.find((one, at) => ids.indexOf(one) !== at)}"`)
  let at = timeOf(value, '')
  return {
    format,
    id: given ?? contentId(turns),
    customer: facts.customer ?? undefined,
    channel: facts.channel ?? undefined,
    rating: facts.rating ?? undefined,
    tags: facts.tags ?? undefined,
    turns: turns.map((turn) => {
      at = turn.time ?? at
      const agent = turn.agent ?? (turn.role === 'agent' ? (facts.agent ?? undefined) : undefined)
      return { ...turn, at, agent, lang: turn.lang ?? facts.lang ?? undefined }
    }),
    unknown: [...named, ...unknown],
    skipped,
  }
}

/** The id of a conversation that states none: its content, so that importing it again is recognised. */
const contentId = (turns: readonly FileTurn[]): string =>
  `content-${hash('sha256', JSON.stringify(turns.map(({ role, text }) => [role, text])), 'base64url').slice(0, 22)}`

function parse<Schema extends z.ZodType>(schema: Schema, value: unknown, at: string): z.output<Schema> {
  const read = schema.safeParse(value, IN_WORDS)
  return read.success ? read.data : refuse(zodProblem(read.error, at))
}

/** The text of a message: itself, or its parts. `undefined` where it has none, such as the call of a tool. */
function readText(value: unknown, at: string): { text: string | undefined; attachments: number } {
  const read = parse(content, value, at)
  if (read === null || read === undefined) return { text: undefined, attachments: 0 }
  if (typeof read === 'string') return { text: read, attachments: 0 }
  const texts = read.map((one) => (typeof one === 'string' ? one : (one.text ?? one.refusal)))
  const found = texts.filter((one) => one !== undefined)
  return { text: found.length === 0 ? undefined : found.join('\n'), attachments: texts.length - found.length }
}

const timeSchema = z.union([
  z.iso.datetime({ offset: true }),
  // Without a zone it is UTC.
  z
    .string()
    .regex(/^\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?)?$/)
    .transform((text) => `${text.replace(' ', 'T')}${text.length > 10 ? 'Z' : ''}`),
  z
    .string()
    .regex(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/)
    .transform((text) => text.replace(' ', 'T')),
  z.number().nonnegative(),
])
const YEAR_2100_S = 4_102_444_800

/** A time as ISO: RFC 3339, or seconds or milliseconds since 1970. */
function timeOf(fields: Fields, at: string): string | undefined {
  const key = TIME_KEYS.find((one) => fields[one] !== undefined && fields[one] !== null)
  if (key === undefined) return undefined
  const given = fields[key]
  // As in RFC 3339, the letters may be small.
  const read = timeSchema.safeParse(typeof given === 'string' ? given.toUpperCase() : given)
  const ms = !read.success
    ? NaN
    : typeof read.data === 'string'
      ? Date.parse(read.data)
      : read.data < YEAR_2100_S
        ? read.data * 1_000
        : read.data
  if (Number.isFinite(ms) && ms >= 0 && ms < YEAR_2100_S * 1_000) return new Date(ms).toISOString()
  return refuse(`${at === '' ? '' : `${at}.`}${key}: must be a time between 1970 and 2100, such as 2024-03-05T09:00:00Z`)
}

const text = z.string({ error: 'must be a text' })
const anObject = { error: 'must be an object' }
const nodeSchema = z.object(
  {
    parent: text.nullish(),
    message: z
      .object(
        {
          id: text.nullish(),
          author: z.object({ role: text, name: text.nullish() }, anObject),
          create_time: z.number({ error: 'must be a number of seconds' }).nullish(),
          content: z
            .looseObject(
              { content_type: text.optional(), parts: z.array(z.unknown(), { error: 'must be a list' }).nullish(), text: text.nullish() },
              anObject,
            )
            .nullish(),
          metadata: z
            .looseObject({ is_visually_hidden_from_conversation: z.boolean({ error: 'must be true or false' }).nullish() }, anObject)
            .nullish(),
        },
        anObject,
      )
      .nullish(),
  },
  anObject,
)
type ExportNode = z.output<typeof nodeSchema>

/** Contents of a message that nobody has seen. */
const UNSEEN: readonly (string | undefined)[] = ['user_editable_context', 'model_editable_context', 'thoughts', 'reasoning_recap']

/** A conversation of ChatGPT's export: a tree, of which the branch to `current_node` is the conversation. */
function readExport(value: Fields, mapping: Fields): FileConversation {
  const nodes = new Map(Object.entries(mapping).map(([name, node]) => [name, parse(nodeSchema, node, `mapping.${name}`)]))
  const branch: ExportNode[] = []
  const seen = new Set<string>()
  for (let at = currentOf(value, nodes); at !== undefined && !seen.has(at);) {
    seen.add(at)
    const node = nodes.get(at)
    if (node !== undefined) branch.unshift(node)
    at = node?.parent ?? undefined
  }
  const skipped: Partial<Record<Skipped, number>> = {}
  const skip = (what: Skipped, count: number): void => {
    if (count > 0) skipped[what] = (skipped[what] ?? 0) + count
  }
  const turns: FileTurn[] = []
  for (const { message } of branch) {
    const { role, text, attachments } = exported(message)
    skip('attachments', attachments)
    if (role === null) skip('tools', 1)
    else if (role !== undefined && text !== '')
      turns.push({ role, text, time: timeOf({ time: message?.create_time }, 'mapping'), id: message?.id ?? undefined })
  }
  const beside = [...nodes].filter(
    ([name, { message }]) => !seen.has(name) && typeof exported(message).role === 'string' && exported(message).text !== '',
  )
  skip('branches', beside.length)
  const unknown = new Set<string>()
  const { current_node: _current, ...facts } = value
  return finish(facts, { format: 'chatgpt', list: 'mapping', turns, unknown, skipped })
}

function currentOf(value: Fields, nodes: ReadonlyMap<string, ExportNode>): string | undefined {
  const stated = value['current_node']
  if (typeof stated === 'string' && nodes.has(stated)) return stated
  const parents = new Set([...nodes.values()].map(({ parent }) => parent))
  return [...nodes.keys()].findLast((name) => !parents.has(name))
}

/** What a message of the export says; without a role where it was never shown. */
function exported(message: ExportNode['message']): { role?: Role | null; text: string; attachments: number } {
  const isHidden = message?.metadata?.is_visually_hidden_from_conversation === true || UNSEEN.includes(message?.content?.content_type)
  if (message == null || isHidden) return { text: '', attachments: 0 }
  const parts = message.content?.parts ?? (message.content?.text == null ? [] : [message.content.text])
  const texts = parts.map((one) =>
    typeof one === 'string' ? one : isFields(one) && typeof one['text'] === 'string' ? one['text'] : undefined,
  )
  const text = texts.filter((one) => one !== undefined).join('\n')
  const attachments = texts.filter((one) => one === undefined).length
  return { role: ROLES.get(message.author.role) ?? null, text, attachments }
}
