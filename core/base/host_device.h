// SPDX-License-Identifier: Apache-2.0
// Marks a function that must give the same numbers on the host and in a CUDA kernel.
#pragma once

#ifdef __CUDACC__
#define TR_HOST_DEVICE __host__ __device__
#else
#define TR_HOST_DEVICE
#endif
