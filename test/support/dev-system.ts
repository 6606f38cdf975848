import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { Addresses } from '../../infra/app/connect-to-running.ts'
import type { DevState } from '../../infra/dev/dev-routes.ts'
import { clientOf, type HttpClient } from './http-requests.ts'
import { type CliProcess, startCli } from './run-cli.ts'
import { temporaryFolder } from './test-system.ts'

const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
export const TOKEN = 'a-token-of-the-tests'

/** `colloquy dev` as a process of its own, in a folder with a config that a test may change. */
export interface Dev extends HttpClient {
  readonly process: CliProcess
  readonly dataDir: string
  readonly addresses: Addresses & { readonly pageUrl: string }
  /** Saves a file of the folder. */
  save(name: string, text: string): Promise<void>
  remove(name: string): Promise<void>
  state(): Promise<DevState>
  /** Settles with the first state that passes. */
  until(passes: (state: DevState) => boolean): Promise<DevState>
  stop(): Promise<void>
}

/** The text of a module that exports a kind `order`; `text` is what it emits when an order is placed. */
export const orderKind = (text: string): string => `
import { assign, emit, setup } from 'xstate'
import { z } from 'zod'
import { defineKind } from ${JSON.stringify(path('actors/definition/define-kind.ts'))}

const kind = defineKind({
  name: 'order',
  version: 1,
  context: z.object({ items: z.array(z.string()) }),
  events: {
    'item.added': z.object({
      name: z.string().min(2).max(20), count: z.int().min(1).max(9).default(1), size: z.enum(['S', 'L']).optional(),
      due: z.iso.datetime().optional(), day: z.iso.date().optional(),
    }),
    'order.placed': z.object({ to: z.object({ city: z.string().min(1), tags: z.array(z.string().min(2)).optional() }) }),
    'goods.packed': z.object({}),
    'money.paid': z.object({}),
  },
  emits: { 'order.confirmed': z.object({ text: z.string() }) },
  tasks: {},
  label: ({ items }) => ({ items: items.length }),
})

export const order = kind.with(setup({
  ...kind.xstate,
  actions: {
    add: assign(({ context, event }) => (event.type === 'item.added' ? { items: [...context.items, event.data.name] } : {})),
    confirm: emit({ type: 'order.confirmed', data: { text: ${JSON.stringify(text)} } }),
  },
}).createMachine({
  id: 'order',
  context: { items: [] },
  initial: 'open',
  states: {
    open: { on: { 'item.added': { actions: 'add' }, 'order.placed': { target: 'placed', actions: 'confirm' } } },
    placed: {
      type: 'parallel',
      states: {
        goods: { initial: 'waiting', states: { waiting: { on: { 'goods.packed': 'packed' } }, packed: { type: 'final' } } },
        money: { initial: 'due', states: { due: { on: { 'money.paid': 'paid' } }, paid: { type: 'final' } } },
      },
      onDone: 'over',
    },
    over: { type: 'final' },
  },
}))
`

/** Starts it; it runs, or has refused the kinds, once this settles. */
export async function startDevApp(files: Readonly<Record<string, string>>): Promise<Dev> {
  await using started = new AsyncDisposableStack()
  const folder = await temporaryFolder()
  started.defer(() => rm(folder, { recursive: true, force: true }))
  const save = (name: string, text: string): Promise<void> => writeFile(join(folder, name), text)
  await symlink(path('node_modules'), join(folder, 'node_modules'))
  for (const [name, text] of Object.entries(files)) await save(name, text)
  const dataDir = join(folder, 'data')
  await mkdir(dataDir)

  const process = startCli(['dev', '--json'], { dataDir, settings: { CONFIG: join(folder, 'colloquy.config.ts'), HTTP_TOKEN: TOKEN } })
  started.defer(async () => {
    process.signal('SIGINT')
    await process.ended
  })
  const addresses = JSON.parse(await process.line((line) => line.includes('"started":'))) as Dev['addresses']
  const client = clientOf(addresses.httpUrl ?? '')
  const authorization = `Bearer ${TOKEN}`
  const get: HttpClient['get'] = (at, init) => client.get(at, { ...init, headers: { authorization } })
  const state = async (): Promise<DevState> => (await get('/dev/state')).body as unknown as DevState
  const until = async (passes: (state: DevState) => boolean): Promise<DevState> => {
    for (;;) {
      const now = await state()
      if (passes(now)) return now
      await new Promise((resume) => setTimeout(resume, 25))
    }
  }
  await until(({ reload }) => reload.phase !== 'starting')
  const stopping = started.move()
  return {
    process,
    dataDir,
    addresses,
    save,
    state,
    until,
    get,
    post: (at, body) => client.post(at, body, { authorization }),
    remove: (name) => rm(join(folder, name)),
    stop: () => stopping.disposeAsync(),
  }
}
