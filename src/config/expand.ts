// `${VAR}` and `${VAR:-default}` in the texts of a file; `$${` stands for `${` itself.

const VARIABLE = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}|\$\{/g;

/** As in a shell, a variable that is empty takes the default too; without a default it must be set. */
export function expandVariables(
  text: string,
  env: Readonly<Record<string, string | undefined>>,
): { text: string } | { problem: string } {
  let problem: string | undefined;
  const expanded = text.replaceAll(VARIABLE, (written, name?: string, otherwise?: string) => {
    if (written === '$${') return '${';
    if (name === undefined)
      problem ??= `has a \${ that is no \${NAME} or \${NAME:-default}; write $\${ for \${`;
    else if (otherwise !== undefined) return env[name] || otherwise;
    else if (env[name] === undefined)
      problem ??= `needs the variable ${name}, which is not set; \${${name}:-…} gives a default`;
    else return env[name];
    return '';
  });
  return problem === undefined ? { text: expanded } : { problem };
}
