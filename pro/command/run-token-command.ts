// mediamtx-pro token ...: makes, lists and revokes tokens.
import type { Clock } from '../../core/base/clock.ts';
import type { Logger } from '../../core/base/logger.ts';
import type { Environment } from '../../core/config/environment.ts';
import { loadConfiguration, type Configuration } from '../config/load-configuration.ts';
import { AppTokens } from '../token/app-tokens.ts';
import type { NamedTokenInfo } from '../token/named-token.ts';
import { NamedTokens } from '../token/named-tokens.ts';
import type { CommandOutput } from './output.ts';
import { TOKEN_HELP, type TokenCommand } from './token-arguments.ts';

/** What a subcommand works with. */
export interface TokenCommandComponents {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly output: CommandOutput;
}

/** Where it works. */
export interface TokenCommandOptions {
  readonly folder: string;
  readonly env: Environment;
}

/** Runs one command. @throws MediaError as the configuration and the tokens. */
export async function runTokenCommand(
  command: TokenCommand,
  components: TokenCommandComponents,
  { folder, env }: TokenCommandOptions,
): Promise<void> {
  const { output } = components;
  if (command.type === 'help') {
    output.result(TOKEN_HELP);
    return;
  }
  const { proConfigFile } = command;
  const configuration = loadConfiguration({ folder, proConfigFile }, env);
  const { filePath } = configuration.pro.tokens;
  await using named = new NamedTokens(components, { filePath });
  switch (command.type) {
    case 'list':
      for (const line of table(await named.list())) output.result(line);
      return;
    case 'revoke': {
      const { revokedAt } = await named.revoke(command.name);
      output.note(`token '${command.name}' is revoked since ${revokedAt ?? ''}`);
      return;
    }
    case 'create':
      if (command.name === undefined) createAppToken(command, configuration, components);
      else await createNamedToken({ ...command, name: command.name }, named, output);
      noteWhenOff(configuration, output);
  }
}

type CreateCommand = Extract<TokenCommand, { readonly type: 'create' }>;

function createAppToken(
  { ttlMs, identity }: CreateCommand,
  { core, proKeys }: Configuration,
  { clock, output }: TokenCommandComponents,
): void {
  const tokens = new AppTokens({ clock }, proKeys.global.read(core.global));
  output.result(
    tokens.create({
      ...(ttlMs === undefined ? {} : { ttlSeconds: Math.floor(ttlMs / 1000) }),
      ...(identity === undefined ? {} : { identity }),
    }),
  );
}

async function createNamedToken(
  { name, ttlMs, verbs, paths }: CreateCommand & { readonly name: string },
  tokens: NamedTokens,
  output: CommandOutput,
): Promise<void> {
  const { token, info } = await tokens.create({
    name,
    ...(verbs.length === 0 ? {} : { verbs }),
    ...(paths.length === 0 ? {} : { paths }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  });
  output.result(token);
  const until = info.expiresAt === undefined ? 'until it is revoked' : `until ${info.expiresAt}`;
  output.note(`token '${name}' works ${until}; it is not shown again`);
}

function noteWhenOff({ core, proKeys }: Configuration, output: CommandOutput): void {
  if (proKeys.global.read(core.global).isTokenRequired) return;
  output.note('note: tokens are not asked for; turn them on with "apiAuth: yes" in mediamtx.yml');
}

const HEAD = ['NAME', 'STATE', 'VERBS', 'PATHS', 'CREATED', 'LAST USED'];

function table(tokens: readonly NamedTokenInfo[]): string[] {
  const rows = [HEAD, ...tokens.map(toRow)];
  const widths = HEAD.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function toRow(token: NamedTokenInfo): string[] {
  const { name, revokedAt, expiresAt, verbs, paths, createdAt, lastUsedAt } = token;
  const state = expiresAt === undefined ? 'valid' : `until ${expiresAt}`;
  return [
    name,
    revokedAt === undefined ? state : 'revoked',
    verbs.join(','),
    paths.join(','),
    createdAt,
    lastUsedAt ?? 'never',
  ];
}
