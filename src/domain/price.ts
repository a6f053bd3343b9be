/** What the warehouse charges, in `currency`; null where a price is not known. */
export interface Prices {
  readonly perTib: number | null;
  readonly perHour: number | null;
  readonly currency: string;
}

/** What bytes that were read and time that was worked cost, to the cent. */
export function priceOf(work: { readonly bytes: number; readonly busyMs: number }, prices: Prices): number {
  const amount = (work.bytes / 1024 ** 4) * (prices.perTib ?? 0) + (work.busyMs / 3_600_000) * (prices.perHour ?? 0);
  return Math.round(amount * 100) / 100;
}

export function formatMoney(amount: number, currency: string): string {
  return `${amount.toFixed(2)} ${currency}`;
}

/** What the run itself cost, at the prices that its plan was drawn up with; null where there were none. */
export function costAtPlanPrices(
  { prices }: { readonly prices: Prices | null },
  work: { readonly bytes: number; readonly busyMs: number },
): string | null {
  return prices === null ? null : formatMoney(priceOf(work, prices), prices.currency);
}
