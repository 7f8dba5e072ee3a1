// Training in float64, for one target alone: gradients are checked with it.

#include "target.hpp"

#include "batch.hpp"
#include "state_space_batch.hpp"

namespace drywet {

extern const BatchKernel<double> kDouble[kCells] = {
    DRYWET_TARGET::batch_kernel<double, Cell::kLstm>(),
    DRYWET_TARGET::batch_kernel<double, Cell::kGru>(),
    DRYWET_TARGET::batch_kernel<double, Cell::kRnn>(),
    DRYWET_TARGET::state_space_kernel<double>(),
};

}  // namespace drywet
