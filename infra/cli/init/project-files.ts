import packageJson from '../../../package.json' with { type: 'json' }

/** What a new project is to be. */
export interface ProjectOptions {
  /** Name of the package. */
  readonly name: string
  /** Where npm finds Colloquy; undefined: package.json does not say. */
  readonly colloquy: string | undefined
}

const { devDependencies, peerDependencies } = packageJson

/** The files of a new project, by path. */
export const projectFiles = (options: ProjectOptions): Readonly<Record<string, string>> => ({
  'package.json': `${JSON.stringify(packageOf(options), undefined, 2)}\n`,
  'tsconfig.json': TSCONFIG,
  'colloquy.config.ts': CONFIG,
  'order.ts': KIND,
  'order.test.ts': TEST,
  'README.md': readmeOf(options),
  '.gitignore': 'node_modules/\n.colloquy/\n',
  '.github/workflows/test.yml': WORKFLOW,
})

const packageOf = ({ name, colloquy }: ProjectOptions): object => ({
  name,
  version: '0.1.0',
  private: true,
  type: 'module',
  scripts: { test: 'tsc && node --test', start: 'colloquy up', dev: 'colloquy dev' },
  dependencies: { ...(colloquy !== undefined && { colloquy }), xstate: peerDependencies.xstate, zod: peerDependencies.zod },
  devDependencies: { '@types/node': devDependencies['@types/node'], typescript: devDependencies.typescript },
})

const TSCONFIG = `{
  "compilerOptions": {
    "target": "es2024",
    "module": "nodenext",
    "types": ["node"],
    "strict": true,
    "noEmit": true,
    "skipLibCheck": true,
    "erasableSyntaxOnly": true,
    "verbatimModuleSyntax": true,
    "allowImportingTsExtensions": true
  },
  "include": ["*.ts"]
}
`

const CONFIG = `import { order } from './order.ts'

/** The kinds that Colloquy runs. */
export default [order]
`

const KIND = `import { defineKind, defineTask } from 'colloquy'
import { assign, emit, setup } from 'xstate'
import { z } from 'zod'

const orderSchema = z.object({ item: z.string().min(1), cents: z.int().positive() })

const kind = defineKind({
  name: 'order',
  // Raise it with each change of the machine that orders in progress may meet, and write a migration from the version before.
  version: 1,
  context: z.object({ item: z.string(), cents: z.int(), receipt: z.string() }),
  events: { 'order.placed': orderSchema, 'order.shipped': z.object({}) },
  emits: { 'order.paid': z.object({ receipt: z.string() }), 'order.late': z.object({ item: z.string() }) },
  tasks: {
    charge: defineTask({
      input: orderSchema,
      output: z.object({ receipt: z.string() }),
      deadlineMs: 60_000,
      attemptsMax: 5,
      concurrencyMax: 10,
      run: async ({ input, key, log }) => {
        // Call your payment service here, with \`key\` as the idempotency key: it is the same for every attempt of this payment.
        log.info({ item: input.item, cents: input.cents }, 'charging')
        return { receipt: \`receipt-\${key}\` }
      },
    }),
  },
  label: ({ item, cents }) => ({ item, cents }),
})

/** An order: it is charged, and is late where nothing is shipped within two days. */
export const order = kind.with(
  setup({
    ...kind.xstate,
    delays: { patience: 2 * 24 * 60 * 60 * 1000 },
    actions: {
      note: assign(({ event }) => (event.type === 'order.placed' ? event.data : {})),
      keepReceipt: assign((_, { receipt }: { receipt: string }) => ({ receipt })),
      confirm: emit(({ context }) => ({ type: 'order.paid', data: { receipt: context.receipt } })),
      complain: emit(({ context }) => ({ type: 'order.late', data: { item: context.item } })),
    },
  }).createMachine({
    id: 'order',
    context: { item: '', cents: 0, receipt: '' },
    initial: 'new',
    states: {
      new: { on: { 'order.placed': { target: 'charging', actions: 'note' } } },
      charging: {
        invoke: {
          src: 'charge',
          input: ({ context: { item, cents } }) => ({ item, cents }),
          onDone: {
            target: 'paid',
            actions: [{ type: 'keepReceipt', params: ({ event }) => ({ receipt: event.output.receipt }) }, 'confirm'],
          },
          onError: 'declined',
        },
      },
      paid: {
        on: { 'order.shipped': 'shipped' },
        after: { patience: { target: 'late', actions: 'complain' } },
      },
      late: { on: { 'order.shipped': 'shipped' } },
      shipped: { type: 'final' },
      declined: { type: 'final' },
    },
  }),
)
`

const TEST = `import { test } from 'node:test'
import { explore, fails, given } from 'colloquy/test'
import { order } from './order.ts'

const placed = { item: 'tea 茶', cents: 1_200 }

test('an order is charged and shipped', () => {
  given(order)
    .task('charge', { receipt: 'r-1' })
    .when('order.placed', placed)
    .thenState('paid')
    .thenEmitted('order.paid', { receipt: 'r-1' })
    .when('order.shipped', {})
    .thenState('shipped')
})

test('after two days somebody is told', () => {
  given(order)
    .task('charge', { receipt: 'r-1' })
    .when('order.placed', placed)
    .after('2 days')
    .thenState('late')
    .thenEmitted('order.late', { item: 'tea 茶' })
})

test('an order that cannot be charged ends', () => {
  given(order).task('charge', fails('no_money')).when('order.placed', placed).thenState('declined')
})

test('no walk through the machine finds a fault', () => {
  explore(order)
})
`

const WORKFLOW = `name: test

on:
  push:
  pull_request:

permissions:
  contents: read

jobs:
  test:
    runs-on: ubuntu-latest
    timeout-minutes: 15
    env:
      # Else the package of the embedding model fetches files for GPUs.
      ONNXRUNTIME_NODE_INSTALL: skip
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-node@v4
        with:
          node-version: 24
      - run: npm install --no-audit --no-fund
      - run: npm test
`

const readmeOf = ({ name, colloquy }: ProjectOptions): string => `# ${name}

Durable statecharts with Colloquy. \`order.ts\` is a kind, \`order.test.ts\` its tests, \`colloquy.config.ts\` says which kinds run.

\`\`\`sh
${installCommand(colloquy)}
npm test
npm start      # runs everything, with its data in .colloquy/
npm run dev    # the same while you write: each save takes effect at once, and a page shows the actors
\`\`\`

\`\`\`sh
npx colloquy publish acme/order/o1 order.placed '{"item":"tea","cents":1200}'
npx colloquy show acme/order/o1
\`\`\`
`

/** The first command in a new project. Without the setting, the package of the embedder fetches files for GPUs, which nobody here uses. */
export const installCommand = (colloquy: string | undefined): string =>
  `ONNXRUNTIME_NODE_INSTALL=skip npm install${colloquy === undefined ? ' <package file or git address of Colloquy>' : ''}`
