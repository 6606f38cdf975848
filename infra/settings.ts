import { availableParallelism, homedir, totalmem } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { QUESTION_DEFAULTS } from '../actors/kinds/question/question-defaults.ts'
import { REWRITE_DEFAULT_MS } from '../actors/kinds/support/asking/rewrite.ts'
import { MINIMUMS } from '../actors/kinds/support/minimums.ts'
import { REPLY_BUDGET_DEFAULT_MS } from '../actors/kinds/support/reply-budget.ts'
import { EVICTIONS } from '../pipeline/cache/process-memory.ts'
import { DTYPES, POOLINGS } from '../pipeline/embedding/embedding-model.ts'
import { RRF_K } from '../pipeline/search/fuse-ranks.ts'
import { QUANTISATIONS } from '../pipeline/search/qdrant/qdrant-collection.ts'
import { RRF_K_MAX } from '../pipeline/search/search-request.ts'
import { ColloquyError } from '../schemas/errors.ts'
import { MODEL_TIMES, TIERS } from '../schemas/models-file.ts'
import { STREAM_MODES } from '../schemas/stream-mode.ts'
import { TOKEN } from '../schemas/subjects.ts'

/** All roles. Each names a stage; a process runs any number of them. */
export const ROLES = ['host', 'dispatch', 'tasks', 'project', 'embed', 'train', 'judge', 'serve'] as const
export type Role = (typeof ROLES)[number]

const count = (min: number, max: number) =>
  z
    .string()
    .transform((text) => (/^\d{1,16}$/.test(text) ? Number(text) : NaN))
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`)
const port = count(0, 65535)
const url = (...protocols: string[]) => z.url({ protocol: new RegExp(`^(${protocols.join('|')})$`) })
const natsUrl = z
  .string()
  .refine(
    (list) => list.split(',').every((one) => /^(nats|tls|ws|wss):\/\/[^\s/]+/.test(one.trim())),
    'must be nats://host:port, or several separated by commas',
  )
const roles = z.string().transform((text, ctx): readonly Role[] => {
  const named = text
    .split(',')
    .map((role) => role.trim())
    .filter((role) => role !== '')
  if (named.length === 0 || named.includes('all')) return ROLES
  const known = ROLES.filter((role) => named.includes(role))
  if (known.length !== new Set(named).size) ctx.addIssue({ code: 'custom', message: `must be all, or some of ${ROLES.join(', ')}` })
  return known
})
const hostList = (name: RegExp, what: string) =>
  z
    .string()
    .transform((list) => list.split(',').map((one) => one.trim().toLowerCase()))
    .refine((names) => names.every((one) => name.test(one)), `must be ${what}, separated by commas`)
    .transform((names): readonly string[] => names.filter((one) => one !== ''))
/** Origins as browsers send them: scheme, host, and a port that is not the scheme's own. */
const origins = z
  .string()
  .transform((list) => list.split(',').map((one) => one.trim()))
  .transform((list): readonly string[] => list.filter((one) => one !== ''))
  .refine(
    (list) => list.every((one) => /^https?:\/\//.test(one) && URL.canParse(one) && new URL(one).origin === one),
    'must be origins such as https://shop.example, without a path, separated by commas',
  )
const hosts = hostList(/^[a-z0-9_.-]*$/, 'host names without a port')

/** Metrics that may be sent to series. */
const METRICS_MAX = 32
const metricNames = z
  .string()
  .transform((list): readonly string[] =>
    list
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== ''),
  )
  .refine(
    (names) => names.length <= METRICS_MAX && names.every((name) => /^[A-Za-z_][A-Za-z0-9_]{0,127}$/.test(name)),
    `must be at most ${METRICS_MAX} names of metrics, separated by commas`,
  )

const GIB = 1024 ** 3
/** A quarter of the memory that this process may use, as V8 does; from half a GiB to 4 GiB. */
const heapBytesDefault = (): number => Math.min(4 * GIB, Math.max(GIB / 2, Math.floor(memoryBytes() / 4)))
const memoryBytes = (): number => Math.min(totalmem(), process.constrainedMemory() || Infinity)

const price = z.coerce.number('must be a number from 0 to 1000000').min(0, 'must be at least 0').max(1e6, 'must be at most 1000000')
/** A score, or a share. */
const upToOne = z
  .string()
  .transform((text) => (/^\d?(\.\d{1,6})?$/.test(text) && text !== '' ? Number(text) : NaN))
  .refine((value) => value >= 0 && value <= 1, 'must be a number from 0 to 1')

/**
 * All settings, by their name after `COLLOQUY_` in the environment. Those with `secret` are masked wherever they are shown. No other module
 * reads the environment.
 */
const SETTINGS = {
  DATA_DIR: { schema: z.string().min(1).default('.colloquy'), about: 'Folder of the embedded servers and of generated passwords' },
  CACHE_DIR: {
    schema: z
      .string()
      .min(1)
      .default(join(homedir(), '.cache', 'colloquy')),
    about: 'Folder of downloaded programs',
  },
  NATS_URL: { schema: natsUrl.optional(), about: 'URL of NATS; unset: Colloquy starts its own nats-server' },
  NATS_USER: { schema: z.string().optional(), about: 'User at NATS_URL' },
  NATS_PASSWORD: { schema: z.string().optional(), about: 'Password at NATS_URL', secret: true },
  NATS_TOKEN: { schema: z.string().optional(), about: 'Token at NATS_URL', secret: true },
  NATS_CREDS: { schema: z.string().optional(), about: 'Credentials file for NATS_URL' },
  NATS_TLS_CA: { schema: z.string().optional(), about: 'File of the CA certificate that verifies NATS_URL' },
  NATS_TLS_CERT: { schema: z.string().optional(), about: 'File of the client certificate for NATS_URL' },
  NATS_TLS_KEY: { schema: z.string().optional(), about: 'File of the private key of NATS_TLS_CERT' },
  NATS_PORT: { schema: port.default(4222), about: 'Port of the embedded nats-server; 0: any free port' },
  NATS_SERVER_BIN: { schema: z.string().optional(), about: 'Path of nats-server; unset: from PATH, the cache, or the package manager' },
  NATS_SYNC_INTERVAL: {
    schema: z
      .string()
      .regex(/^(always|\d+(ms|s|m))$/)
      .optional(),
    about: 'fsync interval of the embedded nats-server; always: before each acknowledgement. With NATS_URL: the interval of that server',
  },
  REPLICAS: { schema: count(1, 5).optional(), about: 'Replicas of each stream; unset: 3 if NATS is a cluster, else 1' },
  STORAGE_BYTES_MAX: {
    schema: count(64 * 1024 * 1024, Number.MAX_SAFE_INTEGER).optional(),
    about: 'Disk bytes for all streams together; unset: the free space, up to a limit',
  },
  CLICKHOUSE_URL: { schema: url('http', 'https').optional(), about: 'URL of ClickHouse; unset: Colloquy starts its own server' },
  CLICKHOUSE_USER: { schema: z.string().default('default'), about: 'User at CLICKHOUSE_URL' },
  CLICKHOUSE_PASSWORD: { schema: z.string().optional(), about: 'Password at CLICKHOUSE_URL', secret: true },
  CLICKHOUSE_DATABASE: {
    schema: z
      .string()
      .regex(/^[A-Za-z_][A-Za-z0-9_]*$/)
      .default('colloquy'),
    about: 'Database of the tables',
  },
  CLICKHOUSE_PORT: { schema: port.default(8123), about: 'Port of the embedded ClickHouse server; 0: any free port' },
  QDRANT_URL: { schema: url('http', 'https').optional(), about: 'URL of Qdrant; unset: ClickHouse stores the vectors' },
  QDRANT_API_KEY: { schema: z.string().optional(), about: 'API key at QDRANT_URL', secret: true },
  QDRANT_QUANTISATION: {
    schema: z.enum(QUANTISATIONS).default('none'),
    about: 'Vectors in memory of a new Qdrant collection: none (full), scalar (1/4), binary (1/32; for models of 768 dimensions or more)',
  },
  HTTP_HOST: { schema: z.string().min(1).default('127.0.0.1'), about: 'Address on which the HTTP interface listens' },
  HTTP_PORT: { schema: port.default(8080), about: 'Port of the HTTP interface; 0: any free port' },
  HTTP_TOKEN: {
    schema: z.string().min(16).optional(),
    about: 'Bearer token that HTTP requests must carry; it counts as a key of the administrator',
    secret: true,
  },
  ALLOWED_HOSTS: {
    schema: hosts.default([]),
    about:
      'Host names, separated by commas, that HTTP requests may name besides localhost while no token is set, also to embedded ClickHouse',
  },
  WIDGET_ORIGINS: {
    schema: origins.default([]),
    about: 'Origins of web sites, separated by commas, whose pages may have the chat widget; none: there are no visitors',
  },
  WIDGET_KINDS: {
    schema: hostList(/^[a-z0-9_-]*$/, 'names of kinds').default(['front', 'support', 'chat']),
    about: 'Kinds, separated by commas, that visitors of web sites may chat with',
  },
  TRUSTED_PROXIES: {
    schema: hostList(/^([0-9a-f.:]+(\/\d{1,3})?)?$/, 'IP addresses or networks').default([]),
    about: 'Addresses or networks of proxies, separated by commas, whose X-Forwarded-For names the address of a client',
  },
  HOOK_HOSTS: {
    schema: hostList(/^([a-z0-9_.-]*|\[?[0-9a-f.:]+\]?)(:\d{1,5})?$/, 'host names or IP addresses, each with or without a port').default(
      [],
    ),
    about: 'Hosts, with or without a port, separated by commas, that hooks may call although their addresses are not public',
  },
  CUSTOMER_SECRET: {
    schema: z.string().min(32).optional(),
    about: 'Makes the ids of the profiles of customers; the same on all machines; unset: a key per tenant in DATA_DIR/customer-keys',
    secret: true,
  },
  SMTP_URL: {
    schema: url('smtp', 'smtps').optional(),
    about: 'SMTP server for mails, with user and password; unset: none is sent',
    secret: true,
  },
  MAIL_FROM: { schema: z.email().optional(), about: 'Sender of mails' },
  SERIES_METRICS: {
    schema: metricNames.default([]),
    about: 'Names of metrics, separated by commas, that a process with the role serve sends to series of these names every 10 s',
  },
  STREAMS_MAX: {
    schema: count(1, 1_000_000).default(10_000),
    about: 'Max streams of events over HTTP; lowered to what "ulimit -n" allows',
  },
  STREAM: {
    schema: z.enum(STREAM_MODES).default('sentence'),
    about: 'What is seen of a reply while it is written, where its tenant sets nothing: sentence (checked ones), token (each piece) or off',
  },
  PARTITIONS: { schema: count(1, 1024).default(64), about: 'Number of partitions; fixed when the streams are created' },
  ROLES: { schema: roles.default(ROLES), about: `Roles of this process: all, or some of ${ROLES.join(', ')}` },
  THREADS: {
    schema: z.enum(['on', 'off']).default('on'),
    about: 'on: host, tasks, dispatch and project run in a thread each; off: all roles share one thread (about 400 MB less memory)',
  },
  CONFIG: {
    schema: z.string().min(1).default('colloquy.config.ts'),
    about: 'Module that exports the kinds; if the file does not exist: the built-in kinds',
  },
  EMBED_MODEL: {
    schema: z.string().optional(),
    about: 'Embedding model: org/name[@revision] on the hub, a folder, or auto; unset: the built-in lexical model',
  },
  EMBED_DTYPE: {
    schema: z.enum(DTYPES).optional(),
    about: 'Data type of the weights of EMBED_MODEL; unset: q8, or the one that the folder has',
  },
  EMBED_POOLING: {
    schema: z.enum(POOLINGS).optional(),
    about: 'How EMBED_MODEL pools token vectors into one; unset: as known for the model, else mean',
  },
  EMBED_QUERY_PREFIX: { schema: z.string().max(1_000).optional(), about: 'Text before each query; unset: as known for EMBED_MODEL' },
  EMBED_PASSAGE_PREFIX: { schema: z.string().max(1_000).optional(), about: 'Text before each passage; unset: as known for EMBED_MODEL' },
  EMBED_HUB_URL: {
    schema: url('http', 'https').default('https://huggingface.co'),
    about: 'URL of the hub that models are downloaded from, or of a mirror',
  },
  EMBED_HUB_TOKEN: { schema: z.string().min(1).optional(), about: 'Token at EMBED_HUB_URL, for models that need one', secret: true },
  EMBED_PROXY_URL: {
    schema: url('http', 'https').optional(),
    secret: true,
    about: 'Proxy for model downloads; unset: from HTTPS_PROXY, HTTP_PROXY and NO_PROXY',
  },
  EMBED_THREADS: { schema: count(1, 256).default(Math.max(1, availableParallelism() - 1)), about: 'Threads of the embedding model' },
  EMBED_CACHE_BYTES_MAX: {
    schema: count(1024 * 1024, 1024 ** 4).default(64 * 1024 * 1024),
    about: 'Max bytes of vectors cached in memory',
  },
  EMBED_BATCH_MS: { schema: count(1, 60_000).default(200), about: 'Milliseconds that a text waits for its batch to fill' },
  EMBED_BATCH_RECORDS_MAX: { schema: count(1, 10_000).default(500), about: 'Max records in one batch of the indexer' },
  EMBED_WAITING_MAX: {
    schema: count(1, 1_000_000).default(4_096),
    about: 'Max passages queued for the embedding model; further producers block',
  },
  RERANK_MODEL: {
    schema: z.string().min(1).optional(),
    about: 'Re-ranker of searches: a cross-encoder, as org/name[@revision] on the hub or a folder; llm: LLM_MODEL; unset: none',
  },
  RERANK_CANDIDATES: { schema: count(1, 100).default(20), about: 'Max texts of one search that RERANK_MODEL reads' },
  RERANK_BUDGET_MS: {
    schema: count(10, 9_000).default(1_000),
    about: 'Milliseconds of one search for RERANK_MODEL; after that the search answers in its own order',
  },
  SEARCH_SCORE_MIN: { schema: upToOne.default(0), about: 'Least score of a hit, 0 to 1, for searches that give none; 0: all' },
  SEARCH_RRF_K: {
    schema: count(1, RRF_K_MAX).default(RRF_K),
    about: 'Smoothing constant of searches with the fusion rrf that give none: the larger, the less the first places stand out',
  },
  CACHE: {
    schema: z.enum(['on', 'off', 'shadow']).default('on'),
    about:
      'on: answers, vectors of questions, answers of searches and positions of records are cached; off: nothing is; shadow: no answer is '
      + 'given again, and the log tells which one would have been',
  },
  CACHE_TTL: {
    schema: count(1, 7 * 24 * 3_600).default(3_600),
    about: 'Seconds that an entry stays in the cache in NATS that all processes share; the newest start sets it for all',
  },
  CACHE_EVICTION: {
    schema: z.enum(EVICTIONS).default('lru'),
    about: 'Which entries make room in the cache of a process: lru, those used longest ago; or lfu, those used least',
  },
  CACHE_BYTES_MAX: { schema: count(1024 * 1024, 1024 ** 4).default(32 * 1024 * 1024), about: 'Max bytes of the cache of a process' },
  CACHE_SHARED_BYTES_MAX: {
    schema: count(1024 * 1024, 1024 ** 4).default(64 * 1024 * 1024),
    about: 'Max bytes of the cache in the memory of NATS; the newest start sets it for all',
  },
  MODELS: {
    schema: z.string().min(1).optional(),
    about: 'File of the language models that tasks generate with, YAML or JSON, read again when it changes; unset: LLM_MODEL alone',
  },
  CONCURRENT_REQUESTS_MAX: {
    schema: count(1, 10_000).default(100),
    about: 'Max concurrent requests of a process with the role tasks to all models of MODELS together; others wait, tenants in turn',
  },
  LLM_BASE_URL: { schema: url('http', 'https').optional(), about: 'OpenAI-compatible endpoint; unset, and MODELS too: extractive answers' },
  LLM_API_KEY: { schema: z.string().optional(), about: 'API key at LLM_BASE_URL', secret: true },
  LLM_MODEL: { schema: z.string().optional(), about: 'Model at LLM_BASE_URL' },
  LLM_TIER: { schema: z.enum(TIERS).default('medium'), about: 'Tier of LLM_MODEL where MODELS is unset: small, medium or large' },
  LLM_FIRST_TOKEN_MS: {
    schema: count(1, 3_600_000).default(MODEL_TIMES.firstTokenMs),
    about: 'Milliseconds to the first token of an answer of LLM_MODEL; after that the passages are quoted',
  },
  LLM_STALL_MS: {
    schema: count(1, 3_600_000).default(MODEL_TIMES.stallMs),
    about: 'Milliseconds between two tokens of an answer of LLM_MODEL',
  },
  LLM_TOTAL_MS: {
    schema: count(1, 3_600_000).default(MODEL_TIMES.totalMs),
    about: 'Milliseconds from the request to the last token of an answer of LLM_MODEL; REPLY_BUDGET_MS holds, too',
  },
  LLM_REWRITE_MS: {
    schema: count(0, 60_000).default(REWRITE_DEFAULT_MS),
    about:
      'Milliseconds for a small language model to rewrite a follow-up as a question that stands alone; then rules do it; 0: rules always',
  },
  LLM_PRICE_IN: {
    schema: price.optional(),
    about: 'Price of a million input tokens, in the currency of your reports; unset: costs are unknown',
  },
  LLM_PRICE_OUT: { schema: price.optional(), about: 'Price of a million output tokens' },
  REPLY_BUDGET_MS: {
    schema: count(2_000, 3_600_000).default(REPLY_BUDGET_DEFAULT_MS),
    about: 'Milliseconds from a message in INBOX to its reply by support; the same for all processes of a cluster',
  },
  DESK_TEAM: {
    schema: z.string().regex(TOKEN, 'must be letters, digits, - and _').max(64).optional(),
    about:
      'Team whose desk gets the cases that support hands over, such as support; unset: no desk, or the one of the demo where this data '
      + 'folder has it. The same for all processes',
  },
  DESK_SKILLS: {
    schema: z
      .string()
      .regex(/^([^=,]{1,64}=[^=,"\\]{1,24}(,|$))*$/, 'must be a list such as refund=billing,invoice=billing')
      .transform((list): Readonly<Record<string, string>> => {
        const pairs = list.split(',').filter((pair) => pair !== '')
        return Object.fromEntries(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')).trim(), pair.slice(pair.indexOf('=') + 1).trim()]))
      })
      .default({}),
    about: 'The skill that a case of an intent needs at the desk, such as refund=billing,invoice=billing; the same for all processes',
  },
  QUESTIONS_AT_ONCE: {
    schema: count(1, 10_000).default(QUESTION_DEFAULTS.places),
    about: 'Questions to the kind question that are answered at one time in the whole cluster; the same for all processes',
  },
  QUESTIONS_WAITING_MAX: {
    schema: count(0, 1_000_000).default(QUESTION_DEFAULTS.waitingMax),
    about: 'Questions to the kind question that may wait in the whole cluster; a further one fails as queue_full',
  },
  QUALITY_MIN: {
    schema: upToOne.default(MINIMUMS.qualityMin),
    about: 'Least quality of an answer of a language model that support sends, 0 to 1; 0: all',
  },
  QUOTATION_MIN: {
    schema: upToOne.default(MINIMUMS.quotationMin),
    about: 'Least quality of a quotation that support sends, 0 to 1; 0: all',
  },
  JUDGE_EVALUATOR: {
    schema: z.enum(['rules', 'model', 'both']).default('rules'),
    about: 'What the role judge judges by: rules, where an answer has no scores yet; model (LLM_MODEL), also where it has; or both',
  },
  JUDGE_RATE_MAX: { schema: count(1, 100_000).default(1_000), about: 'Max judgements a second of the role judge' },
  QUALITY_SAMPLE: { schema: upToOne.default(1), about: 'Share of the answers without scores that the role judge judges by rules, 0 to 1' },
  QUALITY_SAMPLE_MODEL: { schema: upToOne.default(0.05), about: 'Share of all answers that the role judge judges by the model, 0 to 1' },
  LOG_LEVEL: {
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'),
    about: 'Lowest level that is logged',
  },
  LEASE_MS: {
    schema: count(500, 60_000).default(3_000),
    about: 'Milliseconds without a heartbeat after which a worker loses its partitions',
  },
  DECISION_MS_MAX: {
    schema: count(100, 3_600_000).default(10_000),
    about: 'Milliseconds after which a decision that has not returned ends its host; after the second time its input is rejected as poison',
  },
  DECIDE: {
    schema: z.enum(['compiled', 'xstate']).default('compiled'),
    about: 'How the host makes transitions: compiled (faster, the same records), or xstate (through XState, as check does)',
  },
  HEAP_BYTES_MAX: {
    schema: count(64 * 1024 * 1024, 1024 ** 4).default(heapBytesDefault()),
    about: 'Max heap bytes of each thread that runs kinds, of which one decision may allocate half, buffers included',
  },
  LIVE_ACTORS_MAX: { schema: count(1, 10_000_000).default(50_000), about: 'Max idle actors cached in memory' },
  TASK_OBJECT_BYTES_MAX: {
    schema: count(1024, 1024 ** 3).default(16 * 1024 * 1024),
    about: 'Max bytes of an object that a task stores; it is in memory meanwhile',
  },
  TASK_OBJECTS_BYTES_MAX: {
    schema: count(1024, 1024 ** 5).default(GIB),
    about: 'Max bytes of all objects that tasks have stored, beside STORAGE_BYTES_MAX',
  },
  FANOUT_RATE_MAX: {
    schema: count(1, 100_000).default(1_000),
    about: 'Max inputs a second that the tasks of a process send to many actors, all of them together',
  },
  IN_FLIGHT_MAX: { schema: count(1, 100_000).default(2_048), about: 'Max messages in flight in a stage' },
  IN_FLIGHT_BYTES_MAX: { schema: count(1024 * 1024, 1024 ** 4).default(64 * 1024 * 1024), about: 'Max bytes in flight in a stage' },
  PROJECT_BATCH_MS: { schema: count(1, 60_000).default(200), about: 'Milliseconds that a row waits for its batch to fill' },
  PROJECT_BATCH_RECORDS_MAX: { schema: count(1, 100_000).default(5_000), about: 'Max records in one batch of the projector' },
  CANARY: {
    schema: z.enum(['on', 'off']).default('on'),
    about: 'on: the cluster sends itself an input each minute, from which availability is computed; off on any host: it does not',
  },
  OUT_KEEP_HOURS: { schema: count(1, 24 * 3650).default(24 * 7), about: 'Hours that emitted events stay in OUT' },
} as const satisfies Record<string, { schema: z.ZodType; about: string; secret?: boolean }>

export type SettingName = keyof typeof SETTINGS
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]
export const PREFIX = 'COLLOQUY_'

export type Settings = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]['schema']> }

export type Source = 'flag' | 'environment' | 'default' | 'unset'

/** A setting with its value in this process and where the value comes from. */
export interface EffectiveSetting {
  readonly name: string
  /** Masked if the setting is secret; `null` if it is unset. */
  readonly value: string | null
  readonly source: Source
  readonly about: string
}

export interface LoadedSettings {
  readonly settings: Settings
  /** The settings for display, with masked secrets. */
  readonly effective: readonly EffectiveSetting[]
}

/**
 * Reads the settings. Flags take precedence over the environment. An empty variable counts as unset.
 *
 * @throws ColloquyError `bad_setting`, naming every invalid variable and what it must be.
 */
export function loadSettings(
  environment: Readonly<Record<string, string | undefined>>,
  flags: Readonly<Partial<Record<SettingName, string>>> = {},
): LoadedSettings {
  const problems: string[] = []
  for (const variable of Object.keys(environment)) {
    if (variable.startsWith(PREFIX) && !Object.hasOwn(SETTINGS, variable.slice(PREFIX.length))) {
      problems.push(`${variable} is not a setting${suggestion(variable)}`)
    }
  }
  const settings: Partial<Record<SettingName, unknown>> = {}
  const effective: EffectiveSetting[] = []
  for (const name of SETTING_NAMES) {
    const { schema, about, ...rest } = SETTINGS[name]
    const fromEnvironment = environment[`${PREFIX}${name}`]
    const given = flags[name] ?? (fromEnvironment === '' ? undefined : fromEnvironment)
    const read = schema.safeParse(given)
    if (!read.success) {
      const asFlag = flags[name] === undefined ? '' : ` (given as --${name.toLowerCase().replaceAll('_', '-')})`
      const value = 'secret' in rest ? 'masked' : JSON.stringify(given)
      problems.push(`${PREFIX}${name}${asFlag}: ${read.error.issues[0]?.message ?? 'not valid'} (it is ${value})`)
      continue
    }
    settings[name] = read.data
    const fallback = read.data === undefined ? 'unset' : 'default'
    const source: Source = flags[name] !== undefined ? 'flag' : given !== undefined ? 'environment' : fallback
    effective.push({ name: `${PREFIX}${name}`, value: displayValue(read.data, 'secret' in rest), source, about })
  }
  if (settings.LLM_BASE_URL !== undefined && settings.LLM_MODEL === undefined) {
    problems.push(`${PREFIX}LLM_MODEL: must name a model if ${PREFIX}LLM_BASE_URL is set`)
  }
  if ((settings.LLM_PRICE_IN === undefined) !== (settings.LLM_PRICE_OUT === undefined)) {
    problems.push(`${PREFIX}LLM_PRICE_IN and ${PREFIX}LLM_PRICE_OUT: set both or neither; a cost is the sum of both`)
  }
  if (settings.JUDGE_EVALUATOR !== undefined && settings.JUDGE_EVALUATOR !== 'rules' && settings.LLM_BASE_URL === undefined) {
    problems.push(`${PREFIX}JUDGE_EVALUATOR: must be rules unless ${PREFIX}LLM_BASE_URL names a model that judges`)
  }
  if (settings.RERANK_MODEL === 'llm' && settings.LLM_BASE_URL === undefined) {
    problems.push(`${PREFIX}RERANK_MODEL: must not be llm unless ${PREFIX}LLM_BASE_URL names a language model`)
  }
  if (problems.length > 0) throw new ColloquyError('bad_setting', problems.join('\n'))
  return { settings: settings as Settings, effective }
}

/** Reads the settings of this process: flags, then its environment. @throws ColloquyError `bad_setting` */
export const loadProcessSettings = (flags: Readonly<Partial<Record<SettingName, string>>> = {}): LoadedSettings =>
  loadSettings(process.env, flags)

/**
 * A variable of the environment that a file of models names for a key. It is no setting: operators choose its name. Empty counts as unset.
 */
export const environmentKey = (variable: string): string | undefined => process.env[variable] || undefined

/** The help text of a setting. */
export const settingAbout = (name: SettingName): string => SETTINGS[name].about

function displayValue(value: unknown, isSecret: boolean): string | null {
  if (value === undefined) return null
  if (isSecret) return '********'
  if (Array.isArray(value)) return value.join(',')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** Suggests the setting whose name starts like a misspelt one. */
function suggestion(variable: string): string {
  const name = variable.slice(PREFIX.length)
  const similar = SETTING_NAMES.find((known) => known.startsWith(name.slice(0, 5)) || name.includes(known))
  return similar === undefined ? `; "colloquy config" lists them` : `; did you mean ${PREFIX}${similar}?`
}
