import { Command, InvalidArgumentError } from 'commander'
import { ColloquyError } from '../../schemas/errors.ts'
import { type CommandContext, JSON_FLAG, type JsonOption } from '../app/command-context.ts'
import { anonymousUser, inboxPrefixOf } from '../servers/nats/nats-accounts.ts'
import { clientPasswordVariable, isReadAsText, PASSWORD_RULE, PASSWORD_VARIABLE, renderOwnNatsConfig } from '../servers/nats/nats-config.ts'

const USER = 'colloquy'

interface Options extends JsonOption {
  readonly client: readonly string[]
}

/** A name that is part of a subject and of a variable. */
const NAME = /^[A-Za-z][A-Za-z0-9_]{0,62}$/

function clientName(name: string, before: readonly string[]): readonly string[] {
  if (!NAME.test(name)) throw new InvalidArgumentError('It must begin with a letter and have only letters, digits and _.')
  if (name === anonymousUser) throw new InvalidArgumentError('It is the user of clients without a name.')
  const variable = clientPasswordVariable(name)
  const other = before.find((one) => clientPasswordVariable(one) === variable)
  if (other === name) throw new InvalidArgumentError('It is given twice.')
  if (other !== undefined) throw new InvalidArgumentError(`"${other}" has its password in ${variable} too.`)
  return [...before, name]
}

/** The user of Colloquy's own processes. @throws ColloquyError `bad_setting` if somebody else has this name */
function ownUser(user: string, clients: readonly string[]): string {
  if (user !== anonymousUser && !clients.includes(user)) return user
  throw new ColloquyError(
    'bad_setting',
    `COLLOQUY_NATS_USER: "${user}" is the user of Colloquy's own processes and of clients too; rename the client, or set another user`,
  )
}

export const natsConfigCommand = ({ out, settings }: CommandContext): Command =>
  new Command()
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
${PASSWORD_RULE}

Example:
  colloquy nats-config > colloquy-accounts.conf     # nats.conf says: include "colloquy-accounts.conf"`,
    )
    .action(({ json, client }: Options) => {
      const { NATS_USER: user = USER, NATS_PASSWORD: password } = settings().settings
      const config = renderOwnNatsConfig(ownUser(user, client), client)
      if (password !== undefined && !isReadAsText(password))
        out.note(`nats-server may not start with this ${PASSWORD_VARIABLE}, or take another. ${PASSWORD_RULE}`)
      if (json) out.json({ config })
      else out.line(config.trimEnd())
    })
