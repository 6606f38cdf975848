import { Command } from 'commander'
import { clusterHookSecret, keyOfHook, nameOfCaller, shownKey } from '../../pipeline/hooks/hook-key.ts'
import { accessOf } from '../../pipeline/hooks/public-address.ts'
import { readHooks } from '../../pipeline/hooks/read-hooks.ts'
import type { OutgoingInput } from '../../pipeline/producer/input-sender.ts'
import { ColloquyError } from '../../schemas/errors.ts'
import { HOOK_KIND, HOOK_LIMITS, hookSet } from '../../schemas/hook-events.ts'
import { IN_WORDS, zodProblem } from '../../schemas/problem-words.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { withJetStream } from '../app/connect-to-running.ts'
import { openBucket } from '../app/prepare-streams.ts'
import { onOneLine } from '../app/terminal-output.ts'
import { targetArgument, tokenArgument } from './arguments.ts'
import { sendInput } from './send-input.ts'

interface Options extends JsonOption {
  readonly tenant: string
}

export const hooksCommand = (cli: CommandContext): Command =>
  new Command().addCommand(setCommand(cli)).addCommand(removeCommand(cli)).addCommand(listCommand(cli)).addCommand(keyCommand(cli))

const withTenant = (command: Command, json: string): Command =>
  command.option('--tenant <tenant>', 'tenant of the hook', tokenArgument, 'default').option(JSON_FLAG, json)

const setCommand = (cli: CommandContext): Command =>
  withTenant(new Command('set'), 'one JSON object: {position}')
    .description('call a URL for each event of a type from now on; setting a hook again changes it, and it goes on where it was')
    .argument('<name>', 'name of the hook', tokenArgument)
    .argument('<type>', 'type of the events, such as message.sent; * for every type')
    .argument('<url>', 'URL that gets a POST for each event')
    .option('--kind <kind>', 'only events of actors of this kind', tokenArgument)
    .addHelpText(
      'after',
      `
The calls carry the headers of Standard Webhooks; "colloquy hooks key <name>" shows the key of their signature. A tenant has at most
${HOOK_LIMITS.perTenantMax} hooks. Addresses that are not public are refused, unless COLLOQUY_HOOK_HOSTS names the host.

Example:
  colloquy hooks set crm case.closed https://crm.example.com/colloquy --kind support --tenant acme`,
    )
    .action(async (name: string, type: string, url: string, { tenant, kind, json }: Options & { readonly kind?: string }) => {
      const read = hookSet.safeParse({ type, url, kind }, IN_WORDS)
      if (!read.success) throw new ColloquyError('bad_hook', zodProblem(read.error, ''))
      if (accessOf(new URL(url), cli.settings().settings.HOOK_HOSTS) === 'refused') {
        const remedy = 'each event becomes a dead letter, unless COLLOQUY_HOOK_HOSTS of the role dispatch names it'
        cli.out.note(`${new URL(url).hostname} is not a public address: ${remedy}`)
      }
      const position = await sendTo(cli, { tenant, name }, { type: 'hook.set', data: { ...read.data } })
      if (json) cli.out.json({ position })
      else cli.out.line(`${url} is called for ${type}${kind === undefined ? '' : ` of ${kind}`} of ${tenant} (position ${position})`)
    })

const removeCommand = (cli: CommandContext): Command =>
  withTenant(new Command('rm'), 'one JSON object: {position}')
    .description('end the calls of a hook')
    .argument('<name>', 'name of the hook', tokenArgument)
    .action(async (name: string, { tenant, json }: Options) => {
      const position = await sendTo(cli, { tenant, name }, { type: 'hook.removed', data: {} })
      if (json) cli.out.json({ position })
      else cli.out.line(`the hook ${name} of ${tenant} is removed (position ${position})`)
    })

const listCommand = ({ out, settings }: CommandContext): Command =>
  withTenant(new Command('ls'), 'one JSON object per hook: {name, kind, type, url, isCalled}')
    .description('list the hooks of a tenant')
    .action(async ({ tenant, json }: Options) => {
      const hooks = await withJetStream(settings().settings, (jetstream) => readHooks(jetstream, tenant))
      if (json) return hooks.forEach(({ name, kind = null, type, url, isCalled }) => out.json({ name, kind, type, url, isCalled }))
      if (hooks.length === 0) return out.note(`The tenant ${tenant} has no hooks.`)
      return out.table(
        ['hook', 'events', 'of', 'url', ''],
        hooks.map(({ name, kind, type, url, isCalled }) => [
          name,
          type,
          kind ?? 'every kind',
          onOneLine(url),
          isCalled ? '' : `not called: at most ${HOOK_LIMITS.perTenantMax} are`,
        ]),
      )
    })

const keyCommand = ({ out, settings }: CommandContext): Command =>
  withTenant(new Command('key'), 'one JSON object: {key}')
    .description('show the key with which a receiver checks the signature of a hook, or of the calls of an actor')
    .argument('<name>', 'name of the hook; of an actor <kind>/<id>, such as trigger/hot', callerArgument)
    .action(async (name: string, { tenant, json }: Options) => {
      const key = await withJetStream(settings().settings, async ({ nc }) =>
        shownKey(keyOfHook(await clusterHookSecret(await openBucket(nc)), { tenant, name })),
      )
      if (json) out.json({ key })
      else out.line(key)
    })

/** The name of a hook, or of an actor whose tasks make calls. */
const callerArgument = (text: string): string => (text.includes('/') ? nameOfCaller(targetArgument(text)) : tokenArgument(text))

const sendTo = (
  { out, settings }: CommandContext,
  { tenant, name }: { readonly tenant: string; readonly name: string },
  input: Pick<OutgoingInput, 'type' | 'data'>,
): Promise<number> =>
  withJetStream(settings().settings, async ({ nc }) => {
    const { position } = await sendInput(nc, { out }, { tenant, kind: HOOK_KIND, id: name }, { source: 'hooks', ...input })
    return position
  })
