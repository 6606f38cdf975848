import type { ErrorTexts } from './error-text.ts'

/** Codes of a system that cannot be started, reached or shared. */
export const START_ERRORS = {
  bad_access_key: {
    meaning: 'A file of the folder `access` in the data folder holds no key.',
    cause: 'The file was changed or cut.',
    remedy: 'Restore it from a copy, or delete it: a new key is made, and the tokens of visitors end.',
    where: 'start of the role `serve`',
  },
  bad_setting: {
    meaning: 'A setting has a value that Colloquy cannot use.',
    cause: 'A variable `COLLOQUY_…`, or its flag, is misspelt, out of its range, or contradicts another one.',
    remedy: 'Correct the settings that the message lists. `colloquy config` shows every setting, its value and where the value comes from.',
    where: 'every command that reads settings',
  },
  bad_models: {
    meaning: 'The file of language models cannot be used.',
    cause:
      'The file of `COLLOQUY_MODELS` does not exist, is no YAML or JSON, has a wrong field, or the keys of all its models are missing.',
    remedy:
      'Correct the line and the field that the message names. A running system keeps the models of before, and takes the file as soon as '
      + 'it is right.',
    where: 'the start of the role `tasks`, `colloquy models`, `colloquy check --models`, the log',
  },
  bad_config: {
    meaning: 'The module of kinds could not be loaded.',
    cause: 'The file of `COLLOQUY_CONFIG` does not exist, throws while it is imported, or does not export kinds by default.',
    remedy: 'Correct the file at the line that the message names, and end it with `export default [kind, …]`.',
    where: '`colloquy up`, `dev`, `check`, `asyncapi`, `recorded`',
  },
  port_taken: {
    meaning: 'A port for HTTP or for nats-server cannot be opened.',
    cause: 'Another process listens there, or this user may not open the port.',
    remedy: 'Stop the other process, or set `COLLOQUY_HTTP_PORT` or `COLLOQUY_NATS_PORT` to another port (0 lets the system choose).',
    where: '`colloquy up`, `dev`',
  },
  clickhouse_port_taken: {
    meaning: 'The port for ClickHouse cannot be opened.',
    cause: 'Another process, often another ClickHouse, listens there.',
    remedy: 'Set `COLLOQUY_CLICKHOUSE_PORT` to another port (0: any free one), or `COLLOQUY_CLICKHOUSE_URL` to the server there.',
    where: '`colloquy up`, `dev`',
  },
  bad_http_host: {
    meaning: 'The HTTP interface cannot listen on the given host.',
    cause: '`COLLOQUY_HTTP_HOST` is not an address or name of this machine.',
    remedy: 'Set `COLLOQUY_HTTP_HOST` to an address of this machine, such as 127.0.0.1.',
    where: '`colloquy up`, `dev`',
  },
  http_unprotected: {
    meaning: 'The HTTP interface would be open to other machines without a token.',
    cause: '`COLLOQUY_HTTP_HOST` is not a loopback address, and `COLLOQUY_HTTP_TOKEN` is not set.',
    remedy: 'Set `COLLOQUY_HTTP_TOKEN` to 16 characters or more, or `COLLOQUY_HTTP_HOST=127.0.0.1`.',
    where: '`colloquy up`',
  },
  dev_not_loopback: {
    meaning: '`colloquy dev` refuses to listen for other machines.',
    cause: '`COLLOQUY_HTTP_HOST` is not a loopback address, and the page of `colloquy dev` has no protection.',
    remedy: 'Set `COLLOQUY_HTTP_HOST=127.0.0.1`. To see the page from another machine, use an SSH tunnel.',
    where: '`colloquy dev`',
  },
  dev_needs_all_roles: {
    meaning: '`colloquy dev` refuses to run only some of the roles.',
    cause: '`COLLOQUY_ROLES` names some roles only.',
    remedy: 'Unset `COLLOQUY_ROLES`.',
    where: '`colloquy dev`',
  },
  data_dir_in_use: {
    meaning: 'Another Colloquy uses the data folder.',
    cause: 'Another running process holds the lock file of the data folder or of the model cache.',
    remedy: 'Stop that process, or set `COLLOQUY_DATA_DIR` to another folder.',
    where: '`colloquy up`, `dev`',
  },
  data_dir_unusable: {
    meaning: 'The data folder cannot be used.',
    cause: 'It cannot be created, is no folder, or belongs to another user. The message names the path.',
    remedy: 'Correct the path in `COLLOQUY_DATA_DIR`, or the rights on it.',
    where: '`colloquy up`, `dev`',
  },
  data_dir_gone: {
    meaning: 'The data folder was deleted while Colloquy was using it. Colloquy stops.',
    cause: 'The folder, or the one of an embedded server in it, was removed or replaced. Acknowledged inputs in it are lost.',
    remedy: 'Put the folder back, or restore a backup with `colloquy restore`. Then start Colloquy again.',
    where: '`colloquy up`, `dev`',
  },
  two_stores: {
    meaning: 'The data folder has the streams of an older and of a newer Colloquy.',
    cause:
      'Streams are in `nats/jetstream/CORE`; up to version 0.1 they were in `nats/jetstream/$G`. An older Colloquy has run on the folder '
      + 'since.',
    remedy: 'Move the folder that you do not want to keep out of the data folder. The older one made new, empty streams in `$G`.',
    where: '`colloquy up`, `dev`',
  },
  not_running: {
    meaning: 'No running Colloquy was found.',
    cause: 'Nothing runs on the data folder, or it runs on another data folder or other servers.',
    remedy: 'Start it with `colloquy up`, or set `COLLOQUY_DATA_DIR`, or `COLLOQUY_NATS_URL` and `COLLOQUY_CLICKHOUSE_URL`.',
    where: 'every command that talks to a running system',
  },
  not_set_up: {
    meaning: 'The NATS server has no streams of Colloquy.',
    cause: '`colloquy up` never ran on this server, or `COLLOQUY_NATS_URL` names the wrong one.',
    remedy: 'Run `colloquy up` on this server once, or correct `COLLOQUY_NATS_URL`.',
    where: 'commands that talk to a running system, `createProducer`, `publish`',
  },
  log_missing: {
    meaning: 'NATS does not have the log that this system has written.',
    cause: 'The server could not read the files of the stream LOG and left it out, or the stream was deleted.',
    remedy: 'Read the log of nats-server. Repair the files or the disk, or restore a backup into another `COLLOQUY_DATA_DIR`.',
    where: 'start of `colloquy up`',
  },
  partitions_fixed: {
    meaning: 'The number of partitions differs from the one that the streams have.',
    cause: '`COLLOQUY_PARTITIONS` was changed. The number is fixed when the streams, or the backup, are made.',
    remedy: 'Set `COLLOQUY_PARTITIONS` to the number in the message, or start an empty system on another `COLLOQUY_DATA_DIR`.',
    where: '`colloquy up`, `dev`, `restore`',
  },
  insufficient_storage: {
    meaning: 'NATS has no room for a stream.',
    cause: 'The JetStream storage limit of the server or the account is smaller than Colloquy asks for.',
    remedy: 'Set `COLLOQUY_STORAGE_BYTES_MAX` to the bytes that all streams together may use, or raise the limit of the server.',
    where: '`colloquy up`, `dev`',
  },
  restore_unfinished: {
    meaning: 'The restore of a backup into this system has not finished.',
    cause: '`colloquy restore` still runs, or it was interrupted.',
    remedy: 'Wait for the restore that runs, or run `colloquy restore` again: it starts from the beginning.',
    where: '`colloquy up`, `dev`',
  },
  tables_newer: {
    meaning: 'The tables in ClickHouse are of a newer version.',
    cause: 'A newer Colloquy migrated the tables of this database.',
    remedy: 'Start the newer Colloquy, or set `COLLOQUY_CLICKHOUSE_DATABASE` to another database.',
    where: '`colloquy up`, `dev`, `rebuild`',
  },
  no_tables: {
    meaning: 'The running system has no tables.',
    cause: 'The process on this data folder has none of the roles `project`, `embed` and `serve`, so it starts no ClickHouse.',
    remedy: 'Start a process whose `COLLOQUY_ROLES` contains `project`, or set `COLLOQUY_CLICKHOUSE_URL`.',
    where: 'commands that read the tables',
  },
  no_http: {
    meaning: 'The running system has no HTTP interface.',
    cause: 'None of its processes has the role `serve`.',
    remedy: 'Start a process whose `COLLOQUY_ROLES` contains `serve`.',
    where: '`colloquy search`',
  },
  child_failed: {
    meaning: 'A server that Colloquy starts did not become ready.',
    cause: 'The process ended or did not become ready in time. The message ends with its last output.',
    remedy: 'Correct what that output names: usually a full disk, a wrong binary, or missing rights on the data folder.',
    where: '`colloquy up`, `dev`',
  },
  nats_unreachable: {
    meaning: 'The NATS server cannot be reached.',
    cause: 'It does not run, the network refuses the connection, or the credentials are wrong.',
    remedy: 'Start the server, or correct `COLLOQUY_NATS_URL` and the credentials that belong to it.',
    where: 'every command with `COLLOQUY_NATS_URL`',
  },
  nats_not_protected: {
    meaning: 'Clients without credentials reach the streams in NATS.',
    cause:
      'The server has no accounts: it lets clients without credentials into the account of the streams, where they can write and delete '
      + 'records.',
    remedy: 'Configure the server with what `colloquy nats-config` prints, see "A NATS of your own" in docs/operations.md.',
    where: '`colloquy status`, log of `colloquy up` with `COLLOQUY_NATS_URL`',
  },
  nats_protection_unknown: {
    meaning: 'It is unknown whether clients without credentials reach the streams in NATS.',
    cause: 'The probe could not connect to NATS without credentials for another reason than a refusal, such as a timeout or TLS.',
    remedy:
      'Repeat `colloquy status`. If it stays, connect to NATS without credentials yourself, and compare the configuration of the server '
      + 'with what `colloquy nats-config` prints.',
    where: '`colloquy status`, log of `colloquy up`',
  },
  nats_orphan: {
    meaning: 'A nats-server of an earlier run does not end.',
    cause: 'Colloquy was killed, left its nats-server behind, and that process ignores signals.',
    remedy: 'End the process whose pid the message names (`kill -9 <pid>`), then start again.',
    where: '`colloquy up`, `dev`',
  },
  nats_server_missing: {
    meaning: 'There is no program `nats-server` at one of the places where Colloquy looks.',
    cause: 'The program is not installed there. Colloquy tries the next place.',
    remedy: 'Nothing, unless all places fail: then the code is `nats_server_not_found`.',
    where: 'inside the text of `nats_server_not_found` and `nats_server_unusable`',
  },
  nats_server_unusable: {
    meaning: 'The program `nats-server` cannot be used.',
    cause: 'It is not nats-server, it does not start, or it is older than Colloquy needs.',
    remedy: 'Set `COLLOQUY_NATS_SERVER_BIN` to a newer one, or unset it and let Colloquy look for one.',
    where: '`colloquy up`, `dev`',
  },
  nats_server_not_found: {
    meaning: 'No usable `nats-server` was found.',
    cause: 'It is neither on the PATH nor in the cache, and it could not be fetched. The message lists every place and its problem.',
    remedy: 'Install nats-server and set `COLLOQUY_NATS_SERVER_BIN`, or set `COLLOQUY_NATS_URL` to a server that runs.',
    where: '`colloquy up`, `dev`',
  },
  apt_unusable: {
    meaning: 'The package archive of the distribution cannot provide nats-server.',
    cause: 'The system is not Debian or Ubuntu, or its `apt-get`, `dpkg-deb` or archive keyring is missing.',
    remedy: 'Install nats-server by hand and set `COLLOQUY_NATS_SERVER_BIN`, or set `COLLOQUY_NATS_URL`.',
    where: 'inside the text of `nats_server_not_found`',
  },
  apt_failed: {
    meaning: 'The download of nats-server from the archive of the distribution failed.',
    cause: 'The archive does not answer, or does not have the package.',
    remedy: 'Check the network and the apt sources of the machine, or install nats-server by hand and set `COLLOQUY_NATS_SERVER_BIN`.',
    where: 'inside the text of `nats_server_not_found`',
  },
  clickhouse_unreachable: {
    meaning: 'ClickHouse cannot be reached, or refuses to create the database.',
    cause: 'It does not run, or the user has no right to create `COLLOQUY_CLICKHOUSE_DATABASE`.',
    remedy: 'Correct `COLLOQUY_CLICKHOUSE_URL`, its user and its password, or give that user the right.',
    where: '`colloquy up`, `dev`',
  },
  clickhouse_unusable: {
    meaning: 'The built-in ClickHouse could not create its database.',
    cause: 'The data folder is full, not writable or damaged. The message has the error of the engine.',
    remedy: 'Free some disk space, correct the rights on `COLLOQUY_DATA_DIR`, or set `COLLOQUY_CLICKHOUSE_URL` to a server of your own.',
    where: '`colloquy up`, `dev`',
  },
  clickhouse_not_ready: {
    meaning: 'ClickHouse answers, but is not ready.',
    cause: 'It is still starting, or another program answers at this address.',
    remedy: 'Colloquy retries while ClickHouse starts. If the error persists, check what listens on `COLLOQUY_CLICKHOUSE_PORT`.',
    where: 'inside the text of `child_failed`',
  },
  thread_ended: {
    meaning: 'The thread of a stage ended.',
    cause: 'The stage failed with an error that it could not handle. The message has its error.',
    remedy: 'Colloquy starts the thread again. If it ends repeatedly, read the log line before it and report the error.',
    where: 'log of `colloquy up`',
  },
  worker_failed: {
    meaning: 'The process that runs the kinds did not start in time.',
    cause: 'Importing Colloquy or starting the stages took too long: the machine is under load, or a kind has an endless loop.',
    remedy: 'Read the output of the process in the terminal. `colloquy dev` retries.',
    where: '`colloquy dev`',
  },
  worker_ended: {
    meaning: 'The process that runs the kinds ended.',
    cause: 'A kind or a task ended the process, threw an error that nothing catches, or used up the memory.',
    remedy: 'Read the output of the process in the terminal, and correct the kind. `colloquy dev` starts the process again.',
    where: '`colloquy dev`',
  },
  config_hangs: {
    meaning: 'Importing the kinds does not end.',
    cause: 'The module of `COLLOQUY_CONFIG`, or one that it imports, has an `await` or a loop that does not end.',
    remedy: 'Remove it from the top level of the module. `colloquy dev` goes on when the file is saved.',
    where: '`colloquy up`, `colloquy check`, `colloquy dev`',
  },
  error: {
    meaning: 'Something failed without a code of its own.',
    cause: 'A task, a kind or a library threw an error without a `code`.',
    remedy: 'Read the message. In a task, throw `TerminalError` or `RetryLaterError` with a code of your own.',
    where: '`error.code` of a task, `colloquy dev`, `colloquy check`',
  },
} as const satisfies ErrorTexts
