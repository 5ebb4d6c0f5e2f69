using KqueueTransport.Connections.Accepting;

namespace KqueueTransport.Tests.Connections;

/// <summary>Who pauses because all places are taken hears of the next one that is set free.</summary>
public sealed class PlacesTests
{
    // Each is one swap of one word, so that whatever several threads do is some order of these.
    private enum Step
    {
        Fill,
        Free,
    }

    // Goal: no wake-up is lost, and none comes without need. Method: every order of steps of who fills the places and
    // of who sets them free, with more waiting than there are places; who is paused goes on when it is told to.
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void Steps_InEveryOrder_APauseEndsWithTheNextFreePlaceAndNotBefore(int max)
    {
        const int Length = 12;
        var pauses = 0;
        for (var order = 0; order < 1 << Length; order++)
        {
            var filling = new Filling(max);
            for (var i = 0; i < Length; i++)
            {
                filling.Do((Step)((order >> i) & 1));
            }

            pauses += filling.Pauses;
        }

        Assert.InRange(pauses, 1_000, int.MaxValue);
    }

    // The moments inside of a step: another thread sets the only place free while this one finds it taken and pauses.
    [Fact]
    public async Task PauseIfTaken_ThePlaceIsSetFreeAtThatMoment_IsNotPausedOrIsTold()
    {
        const int Rounds = 200_000;
        var (places, told) = (new Places(1), 0);
        places.Freed = () => told++;
        var (turn, pauses) = (0, 0);
        var frees = Task.Run(() =>
        {
            for (var round = 1; round <= Rounds; round++)
            {
                Waiting.SpinUntil(ref turn, round);
                places.Free();
                Volatile.Write(ref turn, -round);
            }
        });
        for (var round = 1; round <= Rounds; round++)
        {
            places.Take();
            Volatile.Write(ref turn, round);
            pauses += places.PauseIfTaken() ? 1 : 0;
            Waiting.SpinUntil(ref turn, -round);
            Assert.Equal(pauses, told);
            Assert.Equal(0, places.Taken);
        }

        await frees.Soon();
    }

    // More than there are places are taken where the last are taken without a look, as at the end of a listener.
    [Fact]
    public void Free_MoreThanThereAreWereTaken_TellsWhenThereIsOne()
    {
        var (places, told) = (new Places(2), 0);
        places.Freed = () => told++;
        for (var i = 0; i < 4; i++)
        {
            places.Take();
        }

        Assert.True(places.PauseIfTaken());
        places.Free();
        places.Free();
        Assert.Equal(0, told);

        places.Free();

        Assert.Equal(1, told);
        Assert.False(places.PauseIfTaken());
    }

    /// <summary>Who fills the places, and what it may expect.</summary>
    private sealed class Filling
    {
        private readonly int _max;
        private readonly Places _places;
        private bool _isPaused;
        private int _taken;

        public Filling(int max)
        {
            _max = max;
            _places = new Places(max)
            {
                Freed = () =>
                {
                    Assert.True(_isPaused, "Told without a pause.");
                    _isPaused = false;
                },
            };
        }

        public int Pauses { get; private set; }

        public void Do(Step step)
        {
            if (step == Step.Fill)
            {
                Fill();
            }
            else if (_taken > 0)
            {
                _taken--;
                _places.Free();
            }

            Assert.Equal(_taken, _places.Taken);
            Assert.True(!_isPaused || _taken == _max, "Paused, although there is a place.");
        }

        // An event of the listen socket comes also while it is paused.
        private void Fill()
        {
            var isPaused = _places.PauseIfTaken();
            Assert.Equal(_taken == _max, isPaused);
            Pauses += isPaused && !_isPaused ? 1 : 0;
            _isPaused |= isPaused;
            if (!isPaused)
            {
                _taken++;
                _places.Take();
            }
        }
    }
}
