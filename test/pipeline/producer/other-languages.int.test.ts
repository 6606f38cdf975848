import { copyFile, mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { lastRecord, recordsOf } from '../../../pipeline/jetstream/last-record.ts'
import { cachedFolder, hasCommand, run } from '../../support/installed-tool.ts'
import { startSystem, type System } from '../../support/test-system.ts'
import { toyKind } from '../../support/toy-kind.ts'

const CLIENTS = join(import.meta.dirname, '../../support/clients')

/** What a client's program prints. */
interface Printed {
  readonly first: number
  readonly again: boolean
  readonly binary: number
  readonly forbidden: string
  readonly errors: readonly string[]
}

interface Client {
  readonly name: string
  /** The commands that it needs; the first is the one to run. */
  readonly needs: readonly (readonly [string, ...string[]])[]
  /** The error of the caller whose publish is forbidden, and what the connection's error handler gets. */
  readonly forbidden: RegExp
  /** Makes the program. @returns the command that runs it; undefined where its packages cannot be had */
  readonly make: () => Promise<readonly [string, ...string[]] | undefined>
}

const CLIENTS_BY_LANGUAGE: readonly Client[] = [
  {
    name: 'nats-py',
    needs: [['python3', '--version']],
    forbidden: /^TimeoutError$/,
    async make() {
      const folder = await cachedFolder('nats-py', 'bin/pip', (to) => ['python3', '-m', 'venv', to])
      if (folder === undefined) return undefined
      const packages = await cachedFolder('nats-py', 'installed', (to) => [
        'sh',
        '-c',
        `${to}/bin/pip install -q nats-py==2.12.0 && touch ${to}/installed`,
      ])
      return packages === undefined ? undefined : [join(folder, 'bin/python'), join(CLIENTS, 'producer.py')]
    },
  },
  {
    name: 'nats.go',
    needs: [['go', 'version']],
    forbidden: /^context deadline exceeded$/,
    async make() {
      const folder = await cachedFolder('nats-go-1.55.0', 'go.sum', (to) => [
        'sh',
        '-c',
        `cd ${to} && cp ${CLIENTS}/producer.go main.go && go mod init producer && go get github.com/nats-io/nats.go@v1.55.0`,
      ])
      if (folder === undefined) return undefined
      await copyFile(join(CLIENTS, 'producer.go'), join(folder, 'main.go'))
      await run('go', ['build', '-o', 'producer', '.'], { cwd: folder })
      return [join(folder, 'producer')]
    },
  },
  {
    name: 'jnats',
    needs: [
      ['java', '-version'],
      ['mvn', '--version'],
    ],
    forbidden: /^IOException: Timeout or no response/,
    async make() {
      const folder = await cachedFolder('jnats-2.26.2', 'jars/jnats-2.26.2.jar', (to) => [
        'sh',
        '-c',
        `printf '%s' '${POM}' > ${to}/pom.xml
        && mvn -q -B -f ${to}/pom.xml dependency:copy-dependencies -DoutputDirectory=${to}/jars`.replaceAll('\n', ' '),
      ])
      return folder === undefined ? undefined : ['java', '-cp', join(folder, 'jars/*'), join(CLIENTS, 'Producer.java')]
    },
  },
  {
    name: 'async-nats',
    needs: [['cargo', '--version']],
    forbidden: /^no answer$/,
    async make() {
      const folder = await cachedFolder('async-nats-0.45', 'Cargo.lock', (to) => [
        'sh',
        '-c',
        `cd ${to} && cargo init -q --name producer
        && cargo add -q async-nats@0.45 && cargo add -q tokio --features macros,rt-multi-thread,time && cargo fetch -q`.replaceAll(
          '\n',
          ' ',
        ),
      ])
      if (folder === undefined) return undefined
      await mkdir(join(folder, 'src'), { recursive: true })
      await copyFile(join(CLIENTS, 'producer.rs'), join(folder, 'src/main.rs'))
      await run('cargo', ['build', '-q'], { cwd: folder })
      return [join(folder, 'target/debug/producer')]
    },
  },
]
const POM = [
  '<project><modelVersion>4.0.0</modelVersion><groupId>test</groupId><artifactId>producer</artifactId><version>1</version><dependencies>',
  '<dependency><groupId>io.nats</groupId><artifactId>jnats</artifactId><version>2.26.2</version></dependency></dependencies></project>',
].join('')

let system: System
beforeAll(async () => {
  system = await startSystem({ kinds: [toyKind], settings: { ROLES: 'host,dispatch' } })
})
afterAll(() => system.stop())

describe.each(CLIENTS_BY_LANGUAGE)('$name', ({ name, needs, forbidden, make }) => {
  test('publishes in both modes, and hears what it must not', { timeout: 600_000 }, async (context) => {
    for (const need of needs) if (!(await hasCommand(...need))) return context.skip(`there is no ${need[0]} here`)
    const command = await make()
    if (command === undefined) return context.skip(`the packages of ${name} cannot be had here`)
    const id = name.replace('.', '-')
    const [file, ...args] = command
    const { stdout } = await run(file, [...args, system.running.nats.url, `acme.toy.${id}`], { timeout: 120_000 })
    const printed = JSON.parse(stdout) as Printed

    expect(printed.again).toBe(true)
    expect(printed.forbidden).toMatch(forbidden)
    expect(printed.errors.join('\n')).toMatch(/permissions violation for publish to "log\.0\.acme\.toy\.forbidden"/i)
    const address = { tenant: 'acme', kind: 'toy', id }
    await expect.poll(async () => (await lastRecord(system.running.jetstream, recordsOf(address)))?.record.n).toBe(2)
    const last = await lastRecord(system.running.jetstream, recordsOf(address))
    expect(last?.record).toMatchObject({
      outcome: 'committed',
      input: { type: 'add', id: 'b-1', attributes: { subject: 'order 8' }, data: { by: 2 } },
      state: { context: { count: 3 } },
    })
    expect(last?.record.inbox.seq).toBe(printed.binary)
  })
})
