/** The view asks for the rights of whoever reads it, and not of its owner. As reloptions spell a boolean: any beginning of a word. */
export function isSecurityInvoker(options: readonly string[]): boolean {
  return options.some((option) => /^security_invoker=(t|tr|tru|true|y|ye|yes|on|1)$/i.test(option));
}
