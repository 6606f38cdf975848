import { join } from 'node:path'
import type { KV } from '@nats-io/kv'
import { Kvm } from '@nats-io/kv'
import { Command, InvalidArgumentError } from 'commander'
import { ACCESS_FOLDER, accessKey } from '../../pipeline/access/access-key.ts'
import { ACCESS_BUCKET, issueKey, pruneKeys, readKeys, revokeKey } from '../../pipeline/access/key-bucket.ts'
import { createKeySigner } from '../../pipeline/access/key-tokens.ts'
import type { JetStreamContext } from '../../pipeline/jetstream/connection.ts'
import { type AccessKey, ALL_TENANTS, isGoodKey, KEY_KINDS_MAX, type Right, RIGHTS } from '../../schemas/access-keys.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { tokenArgument } from './arguments.ts'

export const keyCommand = (cli: CommandContext): Command =>
  new Command().addCommand(issueCommand(cli)).addCommand(listCommand(cli)).addCommand(revokeCommand(cli)).addCommand(pruneCommand(cli))

const isRight = (text: string): text is Right => (RIGHTS as readonly string[]).includes(text)

function rightsArgument(text: string): readonly Right[] {
  const rights = text.split(',').map((one) => one.trim())
  const known = rights.filter(isRight)
  if (known.length < rights.length) throw new InvalidArgumentError(`It must be a list of ${RIGHTS.join(', ')}.`)
  return RIGHTS.filter((right) => known.includes(right))
}

function kindsArgument(text: string): string[] {
  const kinds = text.split(',').map((kind) => tokenArgument(kind.trim()))
  if (kinds.length > KEY_KINDS_MAX) throw new InvalidArgumentError(`A key names at most ${KEY_KINDS_MAX} kinds.`)
  return kinds
}

const UNITS_MS: Readonly<Record<string, number>> = { h: 3_600_000, d: 86_400_000 }

/** A moment: ISO, or a number of hours or days from now. */
function momentArgument(text: string): string {
  const [, count = '', unit = ''] = /^(\d{1,5})([hd])$/.exec(text) ?? []
  const ms = count === '' ? Date.parse(text) : Date.now() + Number(count) * (UNITS_MS[unit] ?? NaN)
  if (!(ms > Date.now())) throw new InvalidArgumentError('It must be a later time: 2027-01-31T12:00:00Z, 12h or 90d.')
  return new Date(ms).toISOString()
}

interface IssueOptions extends JsonOption {
  readonly may?: readonly Right[]
  readonly kinds?: string[]
  readonly expires?: string
  readonly admin?: true
}

const issueCommand = (cli: CommandContext): Command =>
  new Command('issue')
    .description('issue a key of a tenant, or with --admin one of the whole installation; it is shown this once')
    .argument('[tenant]', 'the tenant; none with --admin', tokenArgument)
    .option('--may <rights>', `what it allows, with commas between: ${RIGHTS.join(', ')}`, rightsArgument)
    .option('--kinds <kinds>', 'only these kinds, with commas between', kindsArgument)
    .option('--expires <when>', 'when it ends: 2027-01-31T12:00:00Z, 12h or 90d; default: never', momentArgument)
    .option('--admin', 'everything, in every tenant')
    .option(JSON_FLAG, 'one JSON object: {key, id, tenant, may, kinds, expires}')
    .addHelpText(
      'after',
      `
From the first key on every request over HTTP needs one; clients of NATS and SQL on this machine do not yet. Issue one with --admin first,
so that you are not locked out of the console.

Examples:
  colloquy key issue --admin
  colloquy key issue acme --may publish,read --kinds support --expires 90d`,
    )
    .action(async (tenant: string | undefined, { may, kinds, expires, admin, json }: IssueOptions) => {
      const asked = whatIsAsked(tenant, may, admin === true)
      const { entry, key } = await withKeys(cli, async ({ jsm }, kv) => {
        const signer = createKeySigner(await accessKey(join(cli.settings().settings.DATA_DIR, ACCESS_FOLDER), 'keys'))
        return issueKey({ jsm, kv, signer, now: Date.now() }, { ...asked, kinds, expires: expires ?? null })
      })
      if (json) return cli.out.json({ key, ...shown(entry) })
      cli.out.note(`${entry.id} ${aboutKey(entry)}. It is shown this once:`)
      return cli.out.line(key)
    })

function whatIsAsked(tenant: string | undefined, may: readonly Right[] | undefined, isAdmin: boolean): Pick<AccessKey, 'tenant' | 'may'> {
  if (isAdmin && tenant === undefined && may === undefined) return { tenant: ALL_TENANTS, may: ['admin'] }
  if (!isAdmin && tenant !== undefined && may !== undefined) return { tenant, may: [...may] }
  throw new ColloquyError('bad_key_request', 'name either a tenant and its rights with --may, or only --admin')
}

const shown = ({ id, tenant, may, kinds, expires }: AccessKey) => ({ id, tenant, may, kinds: kinds ?? null, expires })

const aboutKey = ({ tenant, may, kinds, expires }: AccessKey): string =>
  [
    `may ${may.join(', ')} ${tenant === ALL_TENANTS ? 'in every tenant' : `in ${tenant}`}`,
    ...(kinds === undefined ? [] : [`of the kinds ${kinds.join(', ')}`]),
    ...(expires === null ? [] : [`until ${expires}`]),
  ].join(', ')

const listCommand = (cli: CommandContext): Command =>
  new Command('ls')
    .description('list keys, those that have ended among them')
    .argument('[tenant]', 'only those of this tenant', tokenArgument)
    .option(JSON_FLAG, 'one JSON object per key: {id, tenant, may, kinds, expires, issuedAt, revokedAt, isGood}')
    .action(async (tenant: string | undefined, { json }: JsonOption) => {
      const keys = [...(await withKeys(cli, readKeys)).values()].filter((key) => tenant === undefined || key.tenant === tenant)
      if (json)
        return keys.forEach((key) =>
          cli.out.json({ ...shown(key), issuedAt: key.issuedAt, revokedAt: key.revokedAt ?? null, isGood: endOf(key) === '' }),
        )
      if (keys.length === 0)
        return cli.out.note('There are no keys: nothing is protected by one. "colloquy key issue --admin" issues the first.')
      return cli.out.table(
        ['key', 'tenant', 'may', 'kinds', 'expires', ''],
        keys.map((key) => [key.id, key.tenant, key.may.join(','), key.kinds?.join(',') ?? 'all', key.expires ?? 'never', endOf(key)]),
      )
    })

/** Why a key is no longer good; empty where it is. */
function endOf(key: AccessKey): string {
  if (isGoodKey(key, Date.now())) return ''
  return key.revokedAt === undefined ? 'expired' : `revoked ${key.revokedAt}`
}

const revokeCommand = (cli: CommandContext): Command =>
  new Command('revoke')
    .description('end a key: all processes refuse it within five seconds, and close its streams')
    .argument('<id>', 'its id, as "colloquy key ls" shows', tokenArgument)
    .option(JSON_FLAG, 'one JSON object: {id, revokedAt}')
    .action(async (id: string, { json }: JsonOption) => {
      const { revokedAt = '' } = await withKeys(cli, (_, kv) => revokeKey(kv, id, Date.now()))
      if (json) cli.out.json({ id, revokedAt })
      else cli.out.line(`the key ${id} is revoked`)
    })

const pruneCommand = (cli: CommandContext): Command =>
  new Command('prune')
    .description('remove keys that were revoked or have expired from the list; the last key stays, so that protection does')
    .option(JSON_FLAG, 'one JSON object: {removed}')
    .action(async ({ json }: JsonOption) => {
      const removed = await withKeys(cli, ({ jsm }) => pruneKeys({ jsm }, Date.now()))
      if (json) cli.out.json({ removed })
      else cli.out.line(`${removed} keys are removed`)
    })

const withKeys = <T>(cli: CommandContext, work: (jetstream: JetStreamContext, kv: KV) => Promise<T>): Promise<T> =>
  withJetStream(cli.settings().settings, async (jetstream) => work(jetstream, await new Kvm(jetstream.nc).open(ACCESS_BUCKET)))
