import { Command, InvalidArgumentError } from 'commander'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { inboxPrefixOf } from '../servers/nats/nats-accounts.ts'
import { clientPasswordVariable, PASSWORD_VARIABLE, renderOwnNatsConfig } from '../servers/nats/nats-config.ts'

const USER = 'colloquy'

interface Options extends JsonOption {
  readonly client: readonly string[]
}

/** A name that is part of a subject and of a variable. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/

function clientName(name: string, before: readonly string[]): readonly string[] {
  if (!NAME.test(name)) throw new InvalidArgumentError('It must begin with a letter and have only letters, digits and _.')
  return [...before, name]
}

export const natsConfigCommand = ({ out, settings }: CommandContext): Command =>
  new Command('nats-config')
    .description('print the accounts that protect the streams on a NATS of your own')
    .option(
      '--client <name>',
      'also a client with a password and an inbox prefix of its own, so that no other client hears its acknowledgements; may be repeated',
      clientName,
      [],
    )
    .option(JSON_FLAG, 'one JSON object: {config}')
    .addHelpText(
      'after',
      `
The output holds no password: nats-server takes it from its environment, ${PASSWORD_VARIABLE}. The user is that of COLLOQUY_NATS_USER
(default: ${USER}). A client "shop" has its password in ${clientPasswordVariable('shop')}, and connects with the inbox prefix
${inboxPrefixOf('shop')}. "colloquy status" tells whether the server protects the streams.

Example:
  colloquy nats-config > colloquy-accounts.conf     # nats.conf says: include "colloquy-accounts.conf"`,
    )
    .action(({ json, client }: Options) => {
      const config = renderOwnNatsConfig(settings().settings.NATS_USER ?? USER, client)
      if (json) out.json({ config })
      else out.line(config.trimEnd())
    })
