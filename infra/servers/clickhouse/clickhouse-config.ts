import { createHash } from 'node:crypto'
import { availableParallelism } from 'node:os'
import { catalogue, ownQueries } from './analyst-catalogue.ts'
import { closedGrants, listFilters } from './analyst-lists.ts'
import { isChangeable } from './changeable-settings.ts'
import { startStatements, workload } from './query-slots.ts'

/**
 * Limits for analysts. A query that exceeds a limit fails with ClickHouse's code. So does one whose SETTINGS clause asks for a higher one;
 * in a URL, higher limits are lowered (`withinLimits`).
 */
export interface AnalystLimits {
  /** Seconds that a query may run if its URL does not say `max_execution_time`; beyond: code 159. Default 30. */
  executionSec: number
  /** Seconds that a URL may ask for. Default 300. */
  executionSecMax: number
  /** Memory of one query. All queries of a user together may use twice as much. Beyond: code 241. Default 2 GiB. */
  memoryBytesMax: number
  /** Rows in the result of one query; beyond: code 396. Default 1,000,000. */
  resultRowsMax: number
  /** Bytes that sorts, joins and groupings of one user may spill to disk; beyond: code 243. Default 10 GiB. */
  spillBytesMax: number
  /** Queries of all analysts that run at a time; further ones wait for their turn (`query-slots.ts`). Default 8. */
  queriesMax: number
  /** Size of the text of one query; beyond: code 62. Default 256 KiB. */
  queryBytesMax: number
}

export const analystLimitsDefault: AnalystLimits = {
  executionSec: 30,
  executionSecMax: 300,
  memoryBytesMax: 2 * 1024 ** 3,
  resultRowsMax: 1_000_000,
  spillBytesMax: 10 * 1024 ** 3,
  queriesMax: 8,
  queryBytesMax: 256 * 1024,
}

export const database = 'colloquy'

/** The user of Colloquy's stages, who may do everything. */
export const internalUser = 'colloquy'

/** Max threads of one query. More threads do not speed it up, and they slow down other queries. */
const threadsMax = 16
/** Threads of a query that does not say: one for each processor. More only prepare and merge more. */
const threadsUsual = Math.min(threadsMax, availableParallelism())
/** Every query is a session while it waits or runs. Above what may wait and run, so that the queue decides, not this. */
const sessionsMax = 512
const uploadBytesMax = 16 * 1024 ** 2
/** Size of the cache for answers. Only queries that ask for the cache use it. */
const queryCacheBytesMax = 64 * 1024 ** 2

/** Damaged parts of a table with which it still starts: their rows are made again from LOG. ClickHouse refuses to start with 100. */
const BROKEN_PARTS_MAX = 1_000_000

/** Environment variables of the engine: its port, and the `Host` header of the requests that it answers. */
export const enginePortVariable = 'COLLOQUY_ENGINE_PORT'
export const engineHostVariable = 'COLLOQUY_ENGINE_HOST'

interface Settings {
  password: string
  /** Names of all settings of the engine. */
  names: readonly string[]
  analyst: AnalystLimits
}

/** Limits that analysts may lower. Below are limits that they may not change. */
export const lowerable = (analyst: AnalystLimits): Record<string, number> => ({
  max_memory_usage: analyst.memoryBytesMax,
  max_result_rows: analyst.resultRowsMax,
  max_query_size: analyst.queryBytesMax,
  max_threads: threadsMax,
})
const fixed = (analyst: AnalystLimits): Record<string, number | string> => ({
  max_memory_usage_for_user: 2 * analyst.memoryBytesMax,
  max_temporary_data_on_disk_size_for_user: analyst.spillBytesMax,
  workload,
  max_sessions_for_user: sessionsMax,
  http_max_multipart_form_data_size: uploadBytesMax,
  http_max_request_param_data_size: analyst.queryBytesMax,
})

const analystGrants = [
  `SELECT, dictGet ON ${database}.*`,
  // Databases of "rebuild --into".
  `SELECT ON ${database}_*.*`,
  'SELECT ON information_schema.*',
  'SELECT ON INFORMATION_SCHEMA.*',
  ...catalogue.map((table) => `SELECT ON system.${table}`),
]
/** The statements with which the engine starts: the queue for queries, then HTTP. */
export const startSql = (analyst: AnalystLimits): string => [...startStatements(analyst.queriesMax), 'SYSTEM START LISTEN HTTP'].join(';\n')
/** Grants for start.sql, which the engine runs as `default`. Over HTTP, read-only mode refuses these statements. */
const startGrants = ['SYSTEM LISTEN ON *.*', 'CREATE RESOURCE ON *.*', 'CREATE WORKLOAD ON *.*', 'SELECT ON system.metrics']

const elements = (values: Record<string, number | string>): string =>
  Object.entries(values)
    .map(([name, value]) => `<${name}>${value}</${name}>`)
    .join('\n      ')

const constraints = ({ analyst, names }: Settings): string =>
  elements({
    ...Object.fromEntries(names.filter(isChangeable).map((name) => [name, '<changeable_in_readonly/>'])),
    ...mapValues(lowerable(analyst), (max) => `<changeable_in_readonly/><min>1</min><max>${max}</max>`),
    ...mapValues(fixed(analyst), () => '<const/>'),
  })

const mapValues = <T>(values: Record<string, T>, change: (value: T) => string): Record<string, string> =>
  Object.fromEntries(Object.entries(values).map(([name, value]) => [name, change(value)]))

/** Conditions on the rows of tables of `system` that analysts read. */
const rowFilters = { ...listFilters(database), processes: ownQueries }

const grantElements = (grants: readonly string[]): string =>
  [...grants.map((grant) => `GRANT ${grant}`), ...closedGrants(database)].map((query) => `<query>${query}</query>`).join('')

const readOnlyUser = (name: string, grants: string[]): string => `<${name}>
      <no_password/>
      <networks><ip>127.0.0.1</ip><ip>::1</ip></networks>
      <profile>analyst</profile>
      <quota>none</quota>
      <default_database>${database}</default_database>
      <databases><system>${elements(mapValues(rowFilters, (filter) => `<filter>${filter}</filter>`))}</system></databases>
      <grants>${grantElements(grants)}</grants>
    </${name}>`

/** A rule for requests that name the engine's own address. Others get 404, such as those of web pages that found its port. */
const rule = (filters: string, handler: string): string =>
  `<rule><headers><Host from_env="${engineHostVariable}"/></headers>${filters}<handler>${handler}</handler></rule>`
const pong = '<type>static</type><status>200</status><response_content>Ok.&#10;</response_content>'
const queries = '<type>dynamic_query_handler</type><query_param_name>query</query_param_name>'

/**
 * The engine's configuration: users, grants and limits.
 *
 * `analyst` and `default` (the user of requests without credentials) have no password, so the engine and its proxy listen on loopback only.
 * They may only read Colloquy's databases: they have no other grants, they are in read-only mode, and no setting overrides their limits,
 * which are constraints. Read-only mode is 1, because mode 2 allows all other settings. Some of these name files
 * (format_template_resultset), and this engine, unlike a server, opens any file. Analysts may set what `isChangeable` says. One of these,
 * max_execution_time, has no constraint, because clients send any number: the proxy ends a query that runs for too long.
 *
 * In a browser on this machine, a page of another site must not read data as a user without a password. ClickHouse sends a header that lets
 * every page read its answers; `http_options_response` replaces that header. A page whose own name was pointed at this machine (DNS
 * rebinding) is refused by the proxy, because its requests name that host.
 *
 * Only Colloquy's own stages reach the engine without the proxy (`createClickHouseProxy`): its HTTP server ends the process on bytes that
 * are no HTTP request, and on a client that hangs up in a request line or during one of ClickHouse's own pages (`/play`, `/dashboard`).
 */
export const configXml = (settings: Settings): string => `<clickhouse>
  <listen_host>127.0.0.1</listen_host>
  <http_port from_env="${enginePortVariable}"/>
  <backups><allowed_path>backups</allowed_path></backups>
  <http_options_response><header><name>Vary</name><value>Origin</value></header></http_options_response>
  <merge_tree>
    <max_suspicious_broken_parts>${BROKEN_PARTS_MAX}</max_suspicious_broken_parts>
    <max_suspicious_broken_parts_bytes>${Number.MAX_SAFE_INTEGER}</max_suspicious_broken_parts_bytes>
  </merge_tree>
  <query_cache><max_size_in_bytes>${queryCacheBytesMax}</max_size_in_bytes></query_cache>
  <http_handlers>
    ${rule('<url>/ping</url>', pong)}
    ${rule('<url>/</url><empty_query_string/><methods>GET,HEAD</methods>', pong)}
    ${rule('<url>/play</url>', '<type>play</type>')}
    ${rule('', queries)}
  </http_handlers>

  <user_directories><users_xml><path>config.xml</path></users_xml></user_directories>
  <access_control_improvements>
    <select_from_system_db_requires_grant>true</select_from_system_db_requires_grant>
    <settings_constraints_replace_previous>true</settings_constraints_replace_previous>
    <enable_read_write_grants>true</enable_read_write_grants>
  </access_control_improvements>
  <users>
    <${internalUser}>
      <password_sha256_hex>${createHash('sha256').update(settings.password).digest('hex')}</password_sha256_hex>
      <networks><ip>::/0</ip></networks>
      <profile>default</profile>
      <quota>none</quota>
      <default_database>${database}</default_database>
    </${internalUser}>
    ${readOnlyUser('analyst', analystGrants)}
    ${readOnlyUser('default', [...analystGrants, ...startGrants])}
  </users>
  <quotas><none/></quotas>

  <profiles>
    <default>
      <implicit_select>0</implicit_select>
      <allow_introspection_functions>0</allow_introspection_functions>
      <cancel_http_readonly_queries_on_client_close>1</cancel_http_readonly_queries_on_client_close>
    </default>
    <analyst>
      <profile>default</profile>
      <readonly>1</readonly>
      <allow_suspicious_types_in_group_by>1</allow_suspicious_types_in_group_by>
      <allow_suspicious_types_in_order_by>1</allow_suspicious_types_in_order_by>
      <max_execution_time>${settings.analyst.executionSec}</max_execution_time>
      ${elements({ ...lowerable(settings.analyst), ...fixed(settings.analyst), max_threads: threadsUsual })}
      <constraints>
      ${constraints(settings)}
      </constraints>
    </analyst>
  </profiles>
</clickhouse>
`
