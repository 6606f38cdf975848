import { execFile as execFileCallback } from 'node:child_process'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import pino from 'pino'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type ClickHouse, startClickHouse } from '../../../../infra/servers/clickhouse/clickhouse-server.ts'

/**
 * Clients of other languages, where the machine has them: each connects as its documentation shows it, asks with a time of a minute, and
 * reads a table. `client-replays` has their requests for machines without them.
 */
const execFile = promisify(execFileCallback)
const timeout = 120_000
let dataDir: string
let server: ClickHouse

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'colloquy-clickhouse-'))
  server = await startClickHouse({ dataDir, port: 0, log: pino({ level: 'silent' }) })
  const headers = { 'X-ClickHouse-User': server.username, 'X-ClickHouse-Key': server.password }
  for (const body of ['CREATE TABLE t (n UInt64, s String) ENGINE = MergeTree ORDER BY n', "INSERT INTO t VALUES (1, 'a'), (2, '你好')"])
    expect((await fetch(server.url, { method: 'POST', body, headers })).status).toBe(200)
})
afterAll(async () => {
  await server.stop()
  await rm(dataDir, { recursive: true })
})

const runs = async (command: string, ...args: string[]): Promise<boolean> =>
  execFile(command, args).then(
    () => true,
    () => false,
  )

it(
  'clickhouse-connect (Python)',
  async (context) => {
    if (!(await runs('python3', '-c', 'import clickhouse_connect'))) context.skip('python3 has no clickhouse_connect')
    const program = `
import clickhouse_connect
client = clickhouse_connect.get_client(host='127.0.0.1', port=${server.port}, username='analyst', settings={'max_execution_time': 60})
print(client.query('SELECT n, s FROM t ORDER BY n').result_rows)`
    expect((await execFile('python3', ['-c', program])).stdout).toBe("[(1, 'a'), (2, '你好')]\n")
  },
  timeout,
)

it(
  'clickhouse-go',
  async (context) => {
    const folder = join(dataDir, 'go')
    await mkdir(folder)
    await writeFile(join(folder, 'go.mod'), 'module client\n\ngo 1.22\n')
    await writeFile(
      join(folder, 'main.go'),
      `package main
import ("context"; "fmt"; "time"; "github.com/ClickHouse/clickhouse-go/v2")
func main() {
  ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
  defer cancel()
  conn, err := clickhouse.Open(&clickhouse.Options{Addr: []string{"127.0.0.1:${server.port}"}, Protocol: clickhouse.HTTP,
    Auth: clickhouse.Auth{Username: "analyst"}, Compression: &clickhouse.Compression{Method: clickhouse.CompressionLZ4}})
  if err != nil { panic(err) }
  if err := conn.Ping(ctx); err != nil { panic(err) }
  var s string
  if err := conn.QueryRow(ctx, "SELECT s FROM t WHERE n = {n:UInt64}", clickhouse.Named("n", "2")).Scan(&s); err != nil { panic(err) }
  fmt.Println(s)
}
`,
    )
    // From the modules that the machine has. The test downloads nothing.
    const cache = await execFile('go', ['env', 'GOMODCACHE']).catch(() => ({ stdout: '' }))
    const env = { ...process.env, GOPROXY: `file://${cache.stdout.trim()}/cache/download`, GOSUMDB: 'off', GOFLAGS: '-mod=mod' }
    const options = { cwd: folder, env }
    const got = await execFile('go', ['get', 'github.com/ClickHouse/clickhouse-go/v2'], options).catch(() => undefined)
    if (got === undefined) context.skip('there is no go with the module clickhouse-go')
    expect((await execFile('go', ['run', '.'], options)).stdout).toBe('你好\n')
  },
  timeout,
)

it(
  'clickhouse-jdbc (Java)',
  async (context) => {
    const classPath = process.env['CLICKHOUSE_JDBC_CLASSPATH'] ?? ''
    if (classPath === '') context.skip('CLICKHOUSE_JDBC_CLASSPATH does not name the jars of clickhouse-jdbc')
    const file = join(dataDir, 'Client.java')
    await writeFile(
      file,
      `import java.sql.*;
public class Client {
  public static void main(String[] args) throws Exception {
    try (Connection c = DriverManager.getConnection("jdbc:ch:http://127.0.0.1:${server.port}", "analyst", "");
         Statement s = c.createStatement()) {
      s.setQueryTimeout(60);
      try (ResultSet r = s.executeQuery("SELECT n, s FROM t ORDER BY n")) {
        while (r.next()) System.out.println(r.getLong(1) + " " + r.getString(2));
      }
    }
  }
}
`,
    )
    expect((await execFile('java', ['-Dstdout.encoding=UTF-8', '-cp', classPath, file])).stdout).toBe('1 a\n2 你好\n')
  },
  timeout,
)
