import { isGrpcServiceError } from '@temporalio/client';

/** Codes of gRPC that a person's situation can be told from. */
export const GRPC = {
  cancelled: 1,
  deadlineExceeded: 4,
  notFound: 5,
  permissionDenied: 7,
  failedPrecondition: 9,
  unavailable: 14,
  unauthenticated: 16,
} as const;

/** The gRPC code behind an error of the Temporal client, however deep it lies; null where there is none. */
export function grpcCode(error: unknown): number | null {
  for (let current: unknown = error; current instanceof Error; current = current.cause)
    if (isGrpcServiceError(current)) return current.code;
  return null;
}
