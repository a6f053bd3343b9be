export const NO_CONSUMERS = { monitors: [], downstream: [] };
