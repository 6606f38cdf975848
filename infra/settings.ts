import { availableParallelism, homedir } from 'node:os'
import { join } from 'node:path'
import { z } from 'zod'
import { DTYPES, POOLINGS } from '../pipeline/embedding/embedding-model.ts'
import { QUANTISATIONS } from '../pipeline/search/qdrant/qdrant-collection.ts'
import { ColloquyError } from '../schemas/errors.ts'

/** What a stage does is its role; one process runs any number of them. */
export const ROLES = ['host', 'dispatch', 'tasks', 'project', 'embed', 'serve'] as const
export type Role = (typeof ROLES)[number]

const count = (min: number, max: number) => z.string()
  .transform((text) => (/^\d{1,16}$/.test(text) ? Number(text) : NaN))
  .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`)
const port = count(0, 65535)
const url = (...protocols: string[]) => z.url({ protocol: new RegExp(`^(${protocols.join('|')})$`) })
const natsUrl = z.string().refine((list) => list.split(',').every((one) => /^(nats|tls|ws|wss):\/\/[^\s/]+/.test(one.trim())), 'must be nats://host:port, several separated by commas')
const roles = z.string().transform((text, ctx): readonly Role[] => {
  const named = text.split(',').map((role) => role.trim()).filter((role) => role !== '')
  if (named.length === 0 || named.includes('all')) return ROLES
  const known = ROLES.filter((role) => named.includes(role))
  if (known.length !== new Set(named).size) ctx.addIssue({ code: 'custom', message: `must be all, or some of ${ROLES.join(', ')}` })
  return known
})

const price = z.coerce.number().min(0).max(1e6)

/**
 * Every setting, by the name that follows `COLLOQUY_` in the environment. `secret` ones are masked wherever they are shown.
 * This is the only place that reads the environment.
 */
const SETTINGS = {
  DATA_DIR: { schema: z.string().min(1).default('.colloquy'), about: 'Folder of the embedded servers and of generated passwords' },
  CACHE_DIR: { schema: z.string().min(1).default(join(homedir(), '.cache', 'colloquy')), about: 'Folder for programs that were obtained' },
  NATS_URL: { schema: natsUrl.optional(), about: 'A NATS to use; unset: an own nats-server' },
  NATS_USER: { schema: z.string().optional(), about: 'User at NATS_URL' },
  NATS_PASSWORD: { schema: z.string().optional(), about: 'Password at NATS_URL', secret: true },
  NATS_TOKEN: { schema: z.string().optional(), about: 'Token at NATS_URL', secret: true },
  NATS_CREDS: { schema: z.string().optional(), about: 'Credentials file for NATS_URL' },
  NATS_TLS_CA: { schema: z.string().optional(), about: 'File of the authority that signed the certificate of NATS_URL' },
  NATS_TLS_CERT: { schema: z.string().optional(), about: 'File of our certificate for NATS_URL' },
  NATS_TLS_KEY: { schema: z.string().optional(), about: 'File of the key of NATS_TLS_CERT' },
  NATS_PORT: { schema: port.default(4222), about: 'Port of the own nats-server; 0: any free one' },
  NATS_SERVER_BIN: { schema: z.string().optional(), about: 'nats-server program; unset: from the PATH, the cache, or the package manager' },
  NATS_SYNC_INTERVAL: { schema: z.string().regex(/^(always|\d+(ms|s|m))$/).optional(), about: 'How often the own nats-server calls fsync; always: before each acknowledgement. With NATS_URL: what that server does, as producers are told' },
  REPLICAS: { schema: count(1, 5).optional(), about: 'Servers that keep each message; unset: 3 where NATS is a cluster, else 1' },
  STORAGE_BYTES_MAX: { schema: count(64 * 1024 * 1024, Number.MAX_SAFE_INTEGER).optional(), about: 'Disk that all streams together may use; unset: what is there, up to a bound' },
  CLICKHOUSE_URL: { schema: url('http', 'https').optional(), about: 'A ClickHouse to use; unset: an own server' },
  CLICKHOUSE_USER: { schema: z.string().default('default'), about: 'User at CLICKHOUSE_URL' },
  CLICKHOUSE_PASSWORD: { schema: z.string().optional(), about: 'Password at CLICKHOUSE_URL', secret: true },
  CLICKHOUSE_DATABASE: { schema: z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/).default('colloquy'), about: 'Database of the tables' },
  CLICKHOUSE_PORT: { schema: port.default(8123), about: 'Port of the own ClickHouse server; 0: any free one' },
  QDRANT_URL: { schema: url('http', 'https').optional(), about: 'A Qdrant to use; unset: vectors in the ClickHouse engine' },
  QDRANT_API_KEY: { schema: z.string().optional(), about: 'Key at QDRANT_URL', secret: true },
  QDRANT_QUANTISATION: { schema: z.enum(QUANTISATIONS).default('none'), about: 'How a new collection in Qdrant keeps its vectors in memory: none, scalar (a quarter), binary (a 32nd; for models of 768 dimensions and more)' },
  HTTP_HOST: { schema: z.string().min(1).default('127.0.0.1'), about: 'Address that the HTTP interface listens on' },
  HTTP_PORT: { schema: port.default(8080), about: 'Port of the HTTP interface; 0: any free one' },
  HTTP_TOKEN: { schema: z.string().min(16).optional(), about: 'Bearer token that the HTTP interface asks for', secret: true },
  PARTITIONS: { schema: count(1, 1024).default(64), about: 'Partitions; fixed once the streams are made' },
  ROLES: { schema: roles.default(ROLES), about: `What this process does: all, or some of ${ROLES.join(', ')}` },
  THREADS: { schema: z.enum(['on', 'off']).default('on'), about: 'Whether host, dispatch and project run in threads of their own (on), or everything in one (off: some 300 MB less memory)' },
  CONFIG: { schema: z.string().min(1).default('colloquy.config.ts'), about: 'Module that exports the kinds; if it is not there: the built-in ones' },
  EMBED_MODEL: { schema: z.string().optional(), about: 'Embedding model: org/name[@revision] of the hub, or a folder; unset: the built-in lexical one' },
  EMBED_DTYPE: { schema: z.enum(DTYPES).optional(), about: 'Kind of weights of EMBED_MODEL; unset: q8, or what a folder has' },
  EMBED_POOLING: { schema: z.enum(POOLINGS).optional(), about: 'How EMBED_MODEL makes one vector of those of the tokens; unset: as is known of it, else mean' },
  EMBED_QUERY_PREFIX: { schema: z.string().max(1_000).optional(), about: 'Put before a question; unset: as EMBED_MODEL wants it' },
  EMBED_PASSAGE_PREFIX: { schema: z.string().max(1_000).optional(), about: 'Put before a passage; unset: as EMBED_MODEL wants it' },
  EMBED_HUB_URL: { schema: url('http', 'https').default('https://huggingface.co'), about: 'Where models are downloaded from: the hub, or a mirror of it' },
  EMBED_HUB_TOKEN: { schema: z.string().min(1).optional(), about: 'Token at EMBED_HUB_URL, for models that want one', secret: true },
  EMBED_PROXY_URL: { schema: url('http', 'https').optional(), about: 'Proxy for downloads of models; unset: as HTTPS_PROXY, HTTP_PROXY and NO_PROXY say', secret: true },
  EMBED_THREADS: { schema: count(1, 256).default(Math.max(1, availableParallelism() - 1)), about: 'Threads of the embedding model' },
  EMBED_CACHE_BYTES_MAX: { schema: count(1024 * 1024, 1024 ** 4).default(64 * 1024 * 1024), about: 'Bytes of vectors kept in memory' },
  EMBED_BATCH_MS: { schema: count(1, 60_000).default(200), about: 'How long a text waits for others before it is embedded and stored' },
  EMBED_BATCH_RECORDS_MAX: { schema: count(1, 10_000).default(500), about: 'Records whose texts are stored together' },
  EMBED_WAITING_MAX: { schema: count(1, 1_000_000).default(4_096), about: 'Passages that wait for the embedding model; who brings more waits' },
  LLM_BASE_URL: { schema: url('http', 'https').optional(), about: 'OpenAI-compatible endpoint; unset: extractive answers' },
  LLM_API_KEY: { schema: z.string().optional(), about: 'Key at LLM_BASE_URL', secret: true },
  LLM_MODEL: { schema: z.string().optional(), about: 'Model at LLM_BASE_URL' },
  LLM_PRICE_IN: { schema: price.optional(), about: 'What a million tokens that the model reads cost, in the currency of your reports; unset: costs are unknown' },
  LLM_PRICE_OUT: { schema: price.optional(), about: 'The same for tokens that it writes' },
  LOG_LEVEL: { schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).default('info'), about: 'Least level that is logged' },
  LEASE_MS: { schema: count(500, 60_000).default(3_000), about: 'How long a worker that says nothing keeps its partitions' },
  LIVE_ACTORS_MAX: { schema: count(1, 10_000_000).default(50_000), about: 'Idle actors kept in memory' },
  IN_FLIGHT_MAX: { schema: count(1, 100_000).default(2_048), about: 'Messages that a stage has under way at one time' },
  IN_FLIGHT_BYTES_MAX: { schema: count(1024 * 1024, 1024 ** 4).default(64 * 1024 * 1024), about: 'Bytes that a stage has under way at one time' },
  PROJECT_BATCH_MS: { schema: count(1, 60_000).default(200), about: 'How long a row waits for others before it is written' },
  PROJECT_BATCH_RECORDS_MAX: { schema: count(1, 100_000).default(5_000), about: 'Records in one batch of rows' },
  OUT_KEEP_HOURS: { schema: count(1, 24 * 3650).default(24 * 7), about: 'How long emitted events stay in OUT' },
} as const satisfies Record<string, { schema: z.ZodType; about: string; secret?: boolean }>

export type SettingName = keyof typeof SETTINGS
export const SETTING_NAMES = Object.keys(SETTINGS) as SettingName[]
export const PREFIX = 'COLLOQUY_'

export type Settings = { readonly [Name in SettingName]: z.output<(typeof SETTINGS)[Name]['schema']> }

export type Source = 'flag' | 'environment' | 'default' | 'unset'

export interface EffectiveSetting {
  readonly name: string
  readonly value: string | null
  readonly source: Source
  readonly about: string
}

export interface LoadedSettings {
  readonly settings: Settings
  /** For people to look at: secrets are masked. */
  readonly effective: readonly EffectiveSetting[]
}

/**
 * Reads the settings. Flags go before the environment; an empty text counts as unset.
 *
 * @throws ColloquyError `bad_setting`, naming every variable that is wrong and what it should be.
 */
export function loadSettings(
  environment: Readonly<Record<string, string | undefined>>, flags: Readonly<Partial<Record<SettingName, string>>> = {},
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
      problems.push(`${PREFIX}${name}${asFlag}: ${read.error.issues[0]?.message ?? 'not valid'} (it is ${'secret' in rest ? 'masked' : JSON.stringify(given)})`)
      continue
    }
    settings[name] = read.data
    const source: Source = flags[name] !== undefined ? 'flag' : given !== undefined ? 'environment' : read.data === undefined ? 'unset' : 'default'
    effective.push({ name: `${PREFIX}${name}`, value: shown(read.data, 'secret' in rest), source, about })
  }
  if (settings.LLM_BASE_URL !== undefined && settings.LLM_MODEL === undefined) {
    problems.push(`${PREFIX}LLM_MODEL: must name a model where ${PREFIX}LLM_BASE_URL is set`)
  }
  if ((settings.LLM_PRICE_IN === undefined) !== (settings.LLM_PRICE_OUT === undefined)) {
    problems.push(`${PREFIX}LLM_PRICE_IN and ${PREFIX}LLM_PRICE_OUT: set both or none; a cost is the sum of them`)
  }
  if (problems.length > 0) throw new ColloquyError('bad_setting', problems.join('\n'))
  return { settings: settings as Settings, effective }
}

/** The settings of this process: its environment's, and the given ones over them. @throws ColloquyError `bad_setting` */
export const loadProcessSettings = (flags: Readonly<Partial<Record<SettingName, string>>> = {}): LoadedSettings => loadSettings(process.env, flags)

export const settingAbout = (name: SettingName): string => SETTINGS[name].about

function shown(value: unknown, isSecret: boolean): string | null {
  if (value === undefined) return null
  if (isSecret) return '********'
  if (Array.isArray(value)) return value.join(',')
  return typeof value === 'string' ? value : JSON.stringify(value)
}

/** The known setting that a misspelt one begins like. */
function suggestion(variable: string): string {
  const name = variable.slice(PREFIX.length)
  const near = SETTING_NAMES.find((known) => known.startsWith(name.slice(0, 5)) || name.includes(known))
  return near === undefined ? `; "colloquy config" lists them` : `; did you mean ${PREFIX}${near}?`
}
