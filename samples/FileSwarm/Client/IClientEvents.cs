using FileSwarm.Retrying;

namespace FileSwarm.Client;

/// <summary>What a client tells the program around it. Called on the loop.</summary>
internal interface IClientEvents
{
    /// <summary>A chunk that was asked for is stored.</summary>
    void OnStored(int chunk, int bytes, Answered answered);

    /// <summary>Every chunk is stored: check the copy, and then call <see cref="SwarmClient.OnVerified"/>.</summary>
    void OnAllStored();
}
